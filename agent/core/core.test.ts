import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseWireDeploymentName, type DeploymentName } from "#schema/names.ts";
import { PROBE_INTERVAL_MS } from "./observe-reports.ts";
import { SimulatedDevice } from "./simulated-device.ts";

const web = parseWireDeploymentName("web")!;
const MINUTE_MS = 60_000;

function connected(): SimulatedDevice {
  const device = new SimulatedDevice();
  device.send({ kind: "link", connected: true });
  return device;
}

/** A device on which `web:1` serves, with an empty plan. */
function serving(images: Readonly<Record<string, string>> = { web: "web:1" }): SimulatedDevice {
  const device = connected();
  device.want(web, images);
  device.run(MINUTE_MS);
  device.plan.length = 0;
  return device;
}

describe("the plan of one deployment", () => {
  test("for a first version is: pull, create, start, name", () => {
    const device = connected();
    device.want(web, { web: "web:1" });
    device.run(MINUTE_MS);
    expect(device.plan).toEqual([
      "pull registry.example/web:1 (always)",
      "create web_web.next from registry.example/web:1",
      "start web_web.next",
      "rename web_web.next to web_web",
    ]);
    expect(device.reported.get(web)).toMatchObject({ phase: "Running", error: null });
  });

  test("for the next version keeps the old one serving until its candidate exists", () => {
    const device = serving();
    device.want(web, { web: "web:2" });
    device.run(MINUTE_MS);
    expect(device.plan).toEqual([
      "pull registry.example/web:2 (always)",
      "create web_web.next from registry.example/web:2",
      "check that no port is free for web",
      "stop web_web (the next version takes over)",
      "start web_web.next",
      "remove web_web (the next version serves)",
      "rename web_web.next to web_web",
    ]);
  });

  test("for the version after that forgets the images of the one before the last", () => {
    const device = serving();
    for (const image of ["web:2", "web:3"]) {
      device.want(web, { web: image });
      device.run(MINUTE_MS);
    }
    expect(device.plan.filter((step) => step.startsWith("remove the image"))).toEqual([
      "remove the image registry.example/web:1",
    ]);
  });

  test("for a version that crashes goes back to the old container", () => {
    const device = serving();
    device.want(web, { web: "crash:1" });
    device.run(MINUTE_MS);
    expect(device.plan.slice(3)).toEqual([
      "stop web_web (the next version takes over)",
      "start web_web.next",
      "remove web_web.next (it failed; the version before comes back)",
      "start web_web",
    ]);
    expect(device.shown()).toEqual(["web_web running web:1"]);
    expect(device.reported.get(web)?.error).toMatch(/boom; rolled back: the version before keeps serving/);
  });

  test("for a version that was rolled back tries again after ten minutes at most, and only then", () => {
    const device = serving();
    device.want(web, { web: "sick:1" });
    device.run(MINUTE_MS);
    const steps = device.plan.length;
    device.run(3 * MINUTE_MS);
    expect(device.plan).toHaveLength(steps);
    device.run(8 * MINUTE_MS);
    expect(device.plan.slice(steps)).toContain("start web_web.next");
    expect(device.shown()).toEqual(["web_web running web:1"]);
  });

  test("for an image that does not exist touches nothing", () => {
    const device = serving();
    device.want(web, { web: "none:1" });
    device.run(MINUTE_MS);
    expect(new Set(device.plan)).toEqual(new Set(["pull registry.example/none:1 (always)"]));
    expect(device.shown()).toEqual(["web_web running web:1"]);
    expect(device.reported.get(web)).toMatchObject({
      phase: "Failed",
      error: "cannot pull registry.example/none:1: manifest unknown",
    });
  });

  test("leaves alone the services that did not change", () => {
    const device = serving({ a: "web:1", b: "web:1" });
    device.want(web, { a: "web:1", b: "web:2" });
    device.run(MINUTE_MS);
    expect(device.plan.filter((step) => step.includes("web_a"))).toEqual([]);
    expect(device.shown()).toEqual(["web_a running web:1", "web_b running web:2"]);
  });

  test("rolls back every service of a version of which one fails", () => {
    const device = serving({ a: "web:1", b: "web:1" });
    device.want(web, { a: "web:2", b: "crash:1" });
    device.run(MINUTE_MS);
    expect(device.shown()).toEqual(["web_a running web:1", "web_b running web:1"]);
  });

  test("for a value that cannot be followed is empty, and says why", () => {
    const device = serving();
    device.send({
      kind: "intent",
      deployment: web,
      intent: { kind: "refused", text: "{", digest: "sha256:00", error: "not JSON" },
    });
    device.run(MINUTE_MS);
    expect(device.plan).toEqual([]);
    expect(device.reported.get(web)).toEqual({ phase: "Failed", error: "not JSON", digest: "sha256:00" });
  });

  test("where somebody else has the name is empty until the name is free", () => {
    const device = connected();
    device.foreign.add("web_web");
    device.want(web, { web: "web:1" });
    device.run(MINUTE_MS);
    expect(device.plan).toEqual([]);
    expect(device.reported.get(web)?.error).toMatch(/web_web exists that this agent did not create/);
    device.foreign.clear();
    device.send({ kind: "stirred", deployment: null });
    device.run(MINUTE_MS);
    expect(device.shown()).toEqual(["web_web running web:1"]);
  });

  test("for a delete marker removes everything, then the report, then the record", () => {
    const device = serving();
    device.unwant(web);
    device.run(MINUTE_MS);
    expect(device.plan.slice(0, 2)).toEqual(["remove web_web (no longer wanted)", "remove the network of web"]);
    expect([device.shown(), device.reported.size, device.disk.size, device.state.locals.size]).toEqual([[], 0, 0, 0]);
  });

  test("for a crash loop rests longer each time", () => {
    const device = connected();
    device.want(web, { web: "crash:1" });
    device.run(10 * MINUTE_MS);
    const starts = device.plan.filter((step) => step === "start web_web.next").length;
    expect(starts).toBeGreaterThan(3);
    expect(starts).toBeLessThan(15);
    expect(device.reported.get(web)?.error).toMatch(/again and again.*boom/);
  });
});

describe("health", () => {
  test("that failed at the first check after a start is not called Running", () => {
    const device = serving();
    for (const container of device.containers.values())
      Object.assign(container, { image: "registry.example/sick:1", startedAt: "a start that nobody saw" });
    device.send({ kind: "stirred", deployment: web });
    device.run(500);
    expect(device.reported.get(web)?.phase).toBe("Pending");
    device.run(10_000);
    expect(device.reported.get(web)).toMatchObject({
      phase: "Failed",
      error: expect.stringMatching(/unhealthy.*agent logs web/) as unknown,
    });
  });
});

describe("losses", () => {
  test("of a report are noticed by offering one now and then, and made good", () => {
    const device = serving();
    device.reported.clear();
    device.run(3 * PROBE_INTERVAL_MS);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("of the bucket (a heartbeat's revision goes back) are made good at once", () => {
    const device = serving();
    device.reported.clear();
    device.send({ kind: "heartbeat", revision: 1, rival: false });
    device.send({ kind: "heartbeat", revision: 1, rival: false });
    device.run(1_000);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("to an older copy of the bucket are made good, although it holds something under the same key", () => {
    const device = serving();
    device.reported.set(web, { phase: "Failed", error: "of an earlier day", digest: "sha256:0" });
    device.send({ kind: "heartbeat", revision: 9, rival: false });
    device.send({ kind: "heartbeat", revision: 4, rival: true });
    device.run(1_000);
    expect(device.reported.get(web)).toMatchObject({ phase: "Running", error: null });
  });

  test("to an older copy are made good although the answer to an earlier offer comes late", () => {
    const device = serving();
    const { epoch } = device.state;
    const identity = device.state.locals.get(web)?.published.acknowledged ?? "";
    device.reported.set(web, { phase: "Failed", error: "of an earlier day", digest: "sha256:0" });
    device.send({ kind: "heartbeat", revision: 9, rival: false });
    device.send({ kind: "heartbeat", revision: 4, rival: true });
    device.send({ kind: "published", deployment: web, identity, epoch, lacked: false });
    device.run(1_000);
    expect(device.reported.get(web)).toMatchObject({ phase: "Running", error: null });
  });

  test("of a connection are answered with one offer of each key, not with another when the desired state was read again", () => {
    const device = serving();
    const { epoch } = device.state;
    device.send({ kind: "link", connected: false });
    device.send({ kind: "link", connected: true });
    device.send({ kind: "resynced" });
    expect(device.state.epoch).toBe(epoch + 1);
    device.send({ kind: "resynced" });
    expect(device.state.epoch).toBe(epoch + 2);
  });

  test("that everything at once shows are made good in one round, the heartbeat first of all", () => {
    const device = serving();
    const { epoch } = device.state;
    device.send({ kind: "published", deployment: null, identity: "{}", epoch, lacked: true });
    device.send({ kind: "published", deployment: web, identity: "x", epoch, lacked: true });
    expect(device.state.epoch).toBe(epoch + 1);
    expect(device.state.heartbeat.dueAtMs).toBe(device.nowMs);
  });

  test("that are over end the pauses of what failed meanwhile", () => {
    const device = serving();
    for (let tries = 0; tries < 6; tries += 1)
      device.send({ kind: "publish-failed", deployment: web, error: "the bucket does not exist yet" });
    device.reported.clear();
    device.send({ kind: "rebuilt" });
    device.run(100);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("of NATS change nothing on the device", () => {
    const device = serving();
    device.send({ kind: "link", connected: false });
    device.harm(0, "kill");
    device.run(MINUTE_MS);
    expect(device.shown()).toEqual(["web_web running web:1"]);
  });

  test("of the record on disk leave containers as they are, started again after a power cut", () => {
    const device = serving();
    device.disk.clear();
    device.restart(true);
    device.run(MINUTE_MS);
    expect(device.shown()).toEqual(["web_web running web:1"]);
  });
});

/** Lets time pass until then, and not a step longer: nothing else has ended since. */
function runUntil(device: SimulatedDevice, isThen: () => boolean): void {
  for (let steps = 0; !isThen(); steps += 1) {
    expect(steps).toBeLessThan(1_000);
    device.step(Infinity);
  }
}

/** The device dies before it has written down what it said since; it starts with the disk of before. */
function dieUnwritten(device: SimulatedDevice, disk: ReadonlyMap<DeploymentName, string>): void {
  for (const [name, record] of disk) device.disk.set(name, record);
  device.restart(false);
}

describe.each([
  ["that may look at its keys", true],
  ["that may not look at its keys", false],
])("what a device said last, %s,", (_who, mayLook) => {
  function servingOne(): SimulatedDevice {
    const device = new SimulatedDevice(() => 0, { mayLook });
    device.send({ kind: "link", connected: true });
    device.want(web, { web: "web:1" });
    device.run(MINUTE_MS);
    return device;
  }

  test("is made good where the device died before it wrote it down", () => {
    const device = servingOne();
    const written = new Map(device.disk);
    device.harm(0, "kill");
    runUntil(device, () => device.shown()[0] === "web_web running web:1");
    expect(device.reported.get(web)?.phase).toBe("Pending");
    dieUnwritten(device, written);
    device.run(MINUTE_MS);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("is made good where the device died so, and what it said before became true again without a connection", () => {
    const device = new SimulatedDevice(() => 0, { mayLook });
    device.send({ kind: "link", connected: true });
    device.want(web, { web: "none:1" });
    device.run(MINUTE_MS);
    const written = new Map(device.disk);
    device.restart(false);
    runUntil(device, () => device.reported.get(web)?.phase === "Pending");
    dieUnwritten(device, written);
    device.disconnect();
    device.run(MINUTE_MS);
    device.send({ kind: "link", connected: true });
    device.run(1_000);
    expect(device.reported.get(web)?.phase).toBe("Failed");
  });

  test("is made good where no answer came, and what was said before is true again", () => {
    const device = servingOne();
    const told = device.reported.get(web)!;
    device.reported.set(web, { ...told, phase: "Pending" });
    device.send({ kind: "publish-failed", deployment: web, error: "no answer in time" });
    device.run(MINUTE_MS);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("is made good within hours, whoever wrote something else", () => {
    const device = servingOne();
    const told = device.reported.get(web)!;
    device.reported.set(web, { ...told, phase: "Pending" });
    device.run(3 * PROBE_INTERVAL_MS);
    expect(device.reported.get(web)?.phase).toBe("Running");
  });

  test("is deleted where the device died after it was wanted again, and it no longer is", () => {
    const device = servingOne();
    const record = JSON.parse(device.disk.get(web)!) as object;
    device.disk.set(web, JSON.stringify({ ...record, acknowledged: "" }));
    device.restart(false);
    device.unwant(web);
    device.run(MINUTE_MS);
    expect([...device.reported.keys(), ...device.disk.keys()]).toEqual([]);
  });
});

const deployments = ["a", "b"].map((name) => parseWireDeploymentName(name)!);
const images = ["web:1", "web:2", "web:3", "web:4", "crash:1", "sick:1", "none:1"];

type Happening =
  | { readonly kind: "want"; readonly name: DeploymentName; readonly images: readonly string[] }
  | { readonly kind: "unwant"; readonly name: DeploymentName }
  | { readonly kind: "harm"; readonly index: number; readonly how: "kill" | "remove" }
  | { readonly kind: "restart"; readonly power: boolean }
  | { readonly kind: "link"; readonly connected: boolean }
  | { readonly kind: "stirred" }
  | { readonly kind: "pass"; readonly ms: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant("want" as const),
    name: fc.constantFrom(...deployments),
    images: fc.array(fc.constantFrom(...images), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant("unwant" as const), name: fc.constantFrom(...deployments) }),
  fc.record({
    kind: fc.constant("harm" as const),
    index: fc.nat(10),
    how: fc.constantFrom("kill" as const, "remove" as const),
  }),
  fc.record({ kind: fc.constant("restart" as const), power: fc.boolean() }),
  fc.record({ kind: fc.constant("link" as const), connected: fc.boolean() }),
  fc.record({ kind: fc.constant("stirred" as const) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(20_000) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(100, 500, 30_000) }),
);

function happen(device: SimulatedDevice, one: Happening): void {
  switch (one.kind) {
    case "want":
      return device.want(one.name, imagesOf(one.images));
    case "unwant":
      return device.unwant(one.name);
    case "harm":
      return device.harm(one.index, one.how);
    case "restart":
      return device.restart(one.power);
    case "link":
      return one.connected ? device.send({ kind: "link", connected: true }) : device.disconnect();
    case "stirred":
      return device.send({ kind: "stirred", deployment: null });
    case "pass":
      return device.run(one.ms);
  }
}

function imagesOf(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.map((image, index) => [`s${index}`, image]));
}

/** What the bucket says in the end: it is delivered again at each connect, so it is what counts. */
function lastWishes(story: readonly Happening[]): Map<DeploymentName, readonly string[] | null> {
  const wishes = new Map<DeploymentName, readonly string[] | null>();
  for (const one of story) {
    if (one.kind === "want") wishes.set(one.name, one.images);
    if (one.kind === "unwant") wishes.set(one.name, null);
  }
  return wishes;
}

describe("whatever happens, in whatever order", () => {
  test("in the end what was wanted last runs and is reported, and what was removed is gone", () => {
    fc.assert(
      fc.property(
        fc.array(happening, { minLength: 4, maxLength: 30, size: "max" }),
        fc.infiniteStream(fc.nat(20)),
        fc.boolean(),
        (story, chance, mayLook) => {
          const device = new SimulatedDevice(() => chance.next().value as number, { mayLook });
          device.send({ kind: "link", connected: true });
          for (const one of story) happen(device, one);
          device.send({ kind: "link", connected: true });
          for (const [name, wish] of lastWishes(story)) {
            if (wish === null) device.unwant(name);
            else device.want(name, imagesOf(wish));
          }
          device.run(15 * MINUTE_MS);
          for (const [name, wish] of lastWishes(story)) expect(endOf(device, name, wish)).toEqual(dueFor(name, wish));
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** A wish whose images all serve must be fulfilled exactly; of any other only the report is certain. */
function isGood(wish: readonly string[] | null): boolean {
  return wish?.every((image) => image.startsWith("web:")) ?? true;
}

function endOf(device: SimulatedDevice, name: DeploymentName, wish: readonly string[] | null): object {
  const shown = isGood(wish) ? device.shown().filter((row) => row.startsWith(`${name}_`)) : [];
  return { phase: device.reported.get(name)?.phase ?? null, recorded: device.disk.has(name), shown };
}

function dueFor(name: DeploymentName, wish: readonly string[] | null): object {
  if (wish === null) return { phase: null, recorded: false, shown: [] };
  const running = wish.map((image, index) => `${name}_s${index} running ${image}`);
  return isGood(wish)
    ? { phase: "Running", recorded: true, shown: running }
    : { phase: "Failed", recorded: true, shown: [] };
}
