/** What may happen to a device: killed, cut off, without power, with its buckets wiped. Containers serve on or come back. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { readKey } from "#nats/compare-and-set.ts";
import { until } from "#sandbox/until.ts";
import type { Service } from "#schema/score.ts";
import { DEVICE_ID, Rig, type Shown } from "./rig.ts";

let rig: Rig;
let agent: ChildProcess | null = null;

beforeAll(async () => {
  rig = await Rig.start("faults");
});

afterEach(async () => {
  if (agent !== null) await rig.kill(agent);
  agent = null;
  await rig.clear();
});

afterAll(async () => {
  await rig?.remove();
});

function web(image: Parameters<Rig["registry"]["ref"]>[0], port: number): Service {
  return { name: "web", image: rig.registry.ref(image), ports: [`${port}:80`], stop_grace_seconds: 1 };
}

async function single(deployment: string): Promise<Shown> {
  return await until(
    `${deployment} is one running container`,
    async () => {
      const containers = await rig.containers(deployment);
      return containers.length === 1 &&
        containers[0]!.state === "running" &&
        containers[0]!.name === `${deployment}_web`
        ? containers[0]
        : null;
    },
    { limitMs: 30_000 },
  );
}

describe("a container that somebody", { timeout: 120_000 }, () => {
  test("kills, stops or removes is back within seconds", async () => {
    agent = rig.startAgent();
    await rig.rollOut("drift", [web("web:1", 8101)]);
    const first = await single("drift");
    await rig.device.podman("kill", "drift_web");
    await until("it is down", () => rig.state("drift")?.phase !== "Running");
    await rig.answers(8101, "web:1");
    await rig.device.podman("stop", "--time", "1", "drift_web");
    await rig.answers(8101, "web:1");
    expect((await single("drift")).id).toBe(first.id);
    await rig.device.podman("rm", "--force", "--time", "0", "drift_web");
    await rig.answers(8101, "web:1");
    expect((await single("drift")).id).not.toBe(first.id);
    await rig.phase("drift", "Running");
  });
});

describe("an agent", { timeout: 120_000 }, () => {
  test("that is stopped leaves its containers running, and changes nothing when it comes back", async () => {
    agent = rig.startAgent();
    await rig.rollOut("calm", [web("web:1", 8102)]);
    const before = await single("calm");
    const startedAt = await rig.device.podman("inspect", "--format", "{{.State.StartedAt}}", "calm_web");
    expect(await rig.stop(agent)).toBe(0);
    expect(await rig.get(8102)).toBe("web:1\n");
    const writes = rig.history.length;
    agent = rig.startAgent();
    await until("it is back", () => rig.log().split("agent starts").length > 2);
    await rig.rollOut("calm-after", [web("web:1", 8103)]);
    expect(await single("calm")).toEqual(before);
    expect(await rig.device.podman("inspect", "--format", "{{.State.StartedAt}}", "calm_web")).toBe(startedAt);
    expect(rig.history.slice(writes).filter(({ deployment }) => deployment === "calm")).toEqual([]);
  });

  test("that comes back corrects what is said of it and is not true", async () => {
    agent = rig.startAgent();
    await rig.rollOut("untrue", [web("web:1", 8114)]);
    expect(await rig.stop(agent)).toBe(0);
    const key = `state.${DEVICE_ID}.untrue`;
    await rig.writer.write({
      bucket: "device-state",
      key,
      value: JSON.stringify({ ...rig.state("untrue"), phase: "Pending" }),
    });
    await until("it is called pending", () => rig.state("untrue")?.phase === "Pending");
    agent = rig.startAgent();
    await rig.phase("untrue", "Running");
  });

  test("that is stopped in the middle of a pull from a registry that says nothing ends at once", async () => {
    const silent = createServer();
    silent.listen(0, rig.device.hostAddress);
    await once(silent, "listening");
    const { address, port } = silent.address() as AddressInfo;
    agent = rig.startAgent();
    const called = once(silent, "connection") as Promise<[Socket]>;
    await rig.wantText(
      "mute",
      JSON.stringify({ PodmanV0: { services: [{ name: "web", image: `${address}:${port}/x:1` }] } }),
    );
    const [socket] = await called;
    const startedMs = performance.now();
    expect(await rig.stop(agent)).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    socket.destroy();
    silent.close();
  });

  const points = [
    "image is on the device",
    "create midway_web.next",
    "stop midway_web",
    "start midway_web.next",
    "remove midway_web",
  ];

  test.each(points)("that is killed in an upgrade after `%s` finishes it at its next start", async (point) => {
    agent = rig.startAgent();
    await rig.rollOut("midway", [web("web:1", 8104)]);
    const before = await single("midway");
    const logBefore = rig.log().length;
    await rig.want("midway", [web("web:2", 8104)]);
    await until(`the log shows ${point}`, () => rig.log().slice(logBefore).includes(point));
    await rig.kill(agent);
    agent = rig.startAgent();
    await rig.answers(8104, "web:2", 40_000);
    expect((await single("midway")).id).not.toBe(before.id);
    await rig.phase("midway", "Running");
  });

  test("follows podman through a restart of its service", async () => {
    agent = rig.startAgent();
    await rig.rollOut("api", [web("web:1", 8105)]);
    const before = await single("api");
    await rig.device.killApi();
    await rig.want("api", [web("web:2", 8105)]);
    await until("it notices", () => rig.log().includes("podman does not answer"));
    expect(await rig.get(8105)).toBe("web:1\n");
    await rig.device.startApi();
    await rig.answers(8105, "web:2");
    expect((await single("api")).id).not.toBe(before.id);
  });

  test("that starts while podman is away says so and goes on when it is there", async () => {
    await rig.device.stopApi();
    agent = rig.startAgent();
    await rig.want("early", [web("web:1", 8106)]);
    const state = await rig.phase("early", "Failed");
    expect(state.last_error).toMatch(/podman does not answer.*systemctl enable --now podman.socket/);
    await rig.device.startApi();
    await rig.phase("early", "Running");
  });
});

describe("without NATS", { timeout: 180_000 }, () => {
  test("for 30 seconds containers run on and drift is repaired; afterwards the truth is told", async () => {
    agent = rig.startAgent();
    await rig.rollOut("cut", [web("web:1", 8107)]);
    const before = await single("cut");
    await rig.nats.stop();
    const downSince = performance.now();
    await rig.device.podman("kill", "cut_web");
    await until("it is down", async () => (await rig.get(8107)) === null);
    await rig.answers(8107, "web:1");
    await until("NATS was away for 30 s", () => performance.now() - downSince > 30_000, { limitMs: 40_000 });
    expect(await single("cut")).toEqual(before);
    await rig.nats.start();
    const beats = heartbeats();
    await until("it beats again", () => heartbeats() > beats, { limitMs: 30_000 });
    await rig.phase("cut", "Running");
    await rig.rollOut("cut", [web("web:2", 8107)]);
    await rig.answers(8107, "web:2");
  });

  test("a restarted server is found again at once", async () => {
    agent = rig.startAgent();
    await rig.rollOut("restart", [web("web:1", 8108)]);
    await rig.nats.restart();
    await rig.rollOut("restart", [web("web:2", 8108)]);
    await rig.answers(8108, "web:2");
    expect((await single("restart")).state).toBe("running");
  });

  test("and without any network, all containers serve again after a power cut", async () => {
    agent = rig.startAgent();
    await rig.rollOut("power-a", [web("web:1", 8109)]);
    await rig.rollOut("power-b", [web("web:2", 8110)]);
    await rig.kill(agent);
    await Promise.all([rig.device.powerCut(), rig.nats.stop(), rig.registry.stop()]);
    await rig.device.boot();
    expect(await rig.get(8109)).toBe(null);
    agent = rig.startAgent();
    await rig.answers(8109, "web:1", 40_000);
    await rig.answers(8110, "web:2", 40_000);
    await Promise.all([rig.nats.start(), rig.registry.start()]);
    await rig.phase("power-b", "Running");
  });
});

describe("buckets that are wiped", { timeout: 120_000 }, () => {
  test("stop nothing, and what the device had told is told again", async () => {
    agent = rig.startAgent();
    await rig.rollOut("wiped", [web("web:1", 8111)]);
    const before = await rig.device.podman("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}");
    await rig.nats.wipe();
    await until("the buckets exist", async () => await ensureBuckets(rig.link, { replicas: 1 }).then(() => true));
    await until(
      "everything is told again",
      () =>
        rig.held.has(`device-info/info.${DEVICE_ID}`) &&
        rig.held.has(`device-heartbeat/heartbeat.${DEVICE_ID}`) &&
        rig.state("wiped")?.phase === "Running",
      { limitMs: 60_000 },
    );
    expect(await rig.device.podman("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}")).toBe(before);
    await rig.rollOut("wiped", [web("web:2", 8111)]);
    expect(rig.log()).not.toContain("another agent");
  });

  test("one at a time are filled again in seconds", async () => {
    agent = rig.startAgent({ heartbeat: "30s" });
    await rig.rollOut("one", [web("web:1", 8112)]);
    const startedAt = await rig.device.podman("inspect", "--format", "{{.State.StartedAt}}", "one_web");
    const keys = [
      { bucket: "device-state", key: `state.${DEVICE_ID}.one` },
      { bucket: "device-info", key: `info.${DEVICE_ID}` },
      { bucket: "device-heartbeat", key: `heartbeat.${DEVICE_ID}` },
    ] as const;
    for (const { bucket, key } of keys) {
      await rig.link.connection.request(`$JS.API.STREAM.DELETE.KV_${bucket}`);
      await ensureBuckets(rig.link, { replicas: 1 });
      const isThere = async (): Promise<boolean> => (await readKey(rig.link, bucket, key)) !== null;
      await until(`${bucket} has it again`, isThere, { limitMs: 10_000 });
    }
    expect(await rig.device.podman("inspect", "--format", "{{.State.StartedAt}}", "one_web")).toBe(startedAt);
  });

  test("key by key, by a person, are filled again at the next connection", async () => {
    agent = rig.startAgent();
    await rig.rollOut("marked", [web("web:1", 8113)]);
    const keys = [
      { bucket: "device-state", key: `state.${DEVICE_ID}.marked` },
      { bucket: "device-info", key: `info.${DEVICE_ID}` },
    ] as const;
    for (const one of keys) await rig.writer.write({ ...one, kind: "delete" });
    await until("both are gone", () => keys.every(({ bucket, key }) => !rig.held.has(`${bucket}/${key}`)));
    await rig.nats.restart();
    await until("both are back", () => keys.every(({ bucket, key }) => rig.held.has(`${bucket}/${key}`)), {
      limitMs: 20_000,
    });
    expect(rig.state("marked")?.phase).toBe("Running");
    expect(rig.log()).not.toContain("another agent");
  });
});

function heartbeats(): number {
  return rig.held.get(`device-heartbeat/heartbeat.${DEVICE_ID}`)?.revision ?? 0;
}
