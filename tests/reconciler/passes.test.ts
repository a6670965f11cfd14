import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sha256Digest } from "#fleet/digest.ts";
import { startGitServer } from "#sandbox/git-server.ts";
import { until } from "#sandbox/until.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import { deployment, device, Fixture, fleetYaml, kioskId, kiosks } from "./fixture.ts";

const TRAILER = "\n\nGitfleet-Allow-Prune: true";

// Many of these run a process several times, one after the other.
vi.setConfig({ testTimeout: 90_000 });

let fleet: Fixture;

beforeEach(async () => {
  fleet = await Fixture.start();
});

afterEach(async () => {
  await fleet.stop();
});

describe("one pass", () => {
  test("writes every key with its headers, announces and records the commit, and exits 0", async () => {
    const commit = fleet.repo.commit("first", { ...kiosks(3), "fleet.yaml": fleetYaml("shop-floor") });
    const { code } = await fleet.once();
    expect(code).toBe(0);
    const stored = await fleet.stored("desired-state");
    expect([...stored.keys()].toSorted()).toEqual(["kiosk-01.web", "kiosk-02.web", "kiosk-03.web"]);
    for (const { text, header } of stored.values()) {
      expect(text).toBe(
        '{"data":{"services":[{"image":"registry.example.org/web:1","name":"main"}]},"type":"PodmanV0"}',
      );
      expect(header("Gitfleet-Commit")).toBe(commit);
      expect(header("Gitfleet-Fleet")).toBe("shop-floor");
      expect(header("Gitfleet-Digest")).toBe(sha256Digest(text));
    }
    expect(await fleet.record()).toMatchObject({
      fleet: "shop-floor",
      branch: "main",
      head: commit,
      applied: commit,
      applying: null,
      refused: null,
      desired_keys: 3,
    });
  });

  test("a second pass over the same commit, and one over an unrelated commit, write no message", async () => {
    fleet.repo.commit("first", kiosks(5));
    await fleet.once();
    const before = await fleet.sequence();
    expect((await fleet.once()).code).toBe(0);
    const unrelated = fleet.repo.commit("unrelated", { "README.md": "words", "docs/x.yaml": "a: b" });
    expect((await fleet.once()).code).toBe(0);
    expect(await fleet.sequence()).toBe(before);
    expect((await fleet.record())?.applied).toBe(unrelated);
  });

  test("keys that another writer put with the wanted bytes are adopted as they are", async () => {
    fleet.repo.commit("empty fleet", { "devices/x.yaml": device("kiosk-09", { role: "none" }) });
    await fleet.once();
    const value = '{"data":{"services":[{"image":"registry.example.org/web:1","name":"main"}]},"type":"PodmanV0"}';
    await (await fleet.bucket("desired-state")).put("kiosk-01.web", value);
    const before = await fleet.sequence();
    fleet.repo.commit("first", kiosks(1));
    expect((await fleet.once()).code).toBe(0);
    expect(await fleet.sequence()).toBe(before);
  });

  test("one changed deployment writes one message per key of it, and no other", async () => {
    fleet.repo.commit("first", { ...kiosks(4), "deployments/api.yaml": deployment("api") });
    await fleet.once();
    const before = await fleet.sequence();
    fleet.repo.commit("upgrade", { "deployments/api.yaml": deployment("api", "2") });
    await fleet.once();
    expect((await fleet.sequence()) - before).toBe(4);
  });

  test("an invalid commit changes nothing, is recorded, and exits 1", async () => {
    const good = fleet.repo.commit("first", kiosks(3));
    await fleet.once();
    const before = await fleet.sequence();
    const bad = fleet.repo.commit("bad", { "deployments/web.yaml": `${deployment("web", "2")}  nonsense: 1\n` });
    expect((await fleet.once()).code).toBe(1);
    expect(await fleet.sequence()).toBe(before);
    const record = await fleet.record();
    expect(record).toMatchObject({ head: bad, applied: good, applying: null });
    expect(record?.refused).toMatchObject({ commit: bad, reason: "invalid", problems: 1 });
    expect(record?.refused?.message).toContain("deployments/web.yaml");
  });

  test("while head is invalid a fresh process repairs drift towards the applied commit, read by its id", async () => {
    fleet.repo.commit("first", kiosks(3));
    await fleet.once();
    fleet.repo.commit("bad", { "deployments/web.yaml": "kind: Nonsense" });
    const bucket = await fleet.bucket("desired-state");
    await bucket.delete("kiosk-01.web");
    await bucket.put("kiosk-02.web", "{}");
    expect((await fleet.once()).code).toBe(1);
    const stored = await fleet.stored("desired-state");
    for (const key of ["kiosk-01.web", "kiosk-02.web"]) expect(stored.get(key)?.text).toContain("web:1");
  });

  test("an invalid first commit is recorded without a fleet, and a good one goes ahead", async () => {
    const bad = fleet.repo.commit("bad", { "deployments/web.yaml": "kind: Nonsense" });
    expect((await fleet.once()).code).toBe(1);
    expect(await fleet.record()).toMatchObject({ fleet: "", head: bad, applied: null });
    const good = fleet.repo.commit("good", { ...kiosks(1), "fleet.yaml": fleetYaml("named") });
    expect((await fleet.once()).code).toBe(0);
    expect(await fleet.record()).toMatchObject({ fleet: "named", applied: good, refused: null });
  });

  test("what cannot be reached exits 3: git that is not there, a missing branch, NATS that is not there", async () => {
    fleet.repo.commit("first", kiosks(1));
    expect((await fleet.once({ repo: "http://127.0.0.1:9/fleet" })).code).toBe(3);
    expect((await fleet.once({ branch: "production" })).code).toBe(3);
    const begun = performance.now();
    expect((await fleet.once({ nats: { servers: "nats://127.0.0.1:9" } })).code).toBe(3);
    expect(performance.now() - begun).toBeLessThan(14_000);
    expect(await fleet.keys()).toEqual([]);
  });

  test("beside a writer that is in step it exits 0 without writing", async () => {
    const commit = fleet.repo.commit("first", kiosks(2));
    const daemon = fleet.start();
    await fleet.applied(commit);
    expect((await fleet.once()).code).toBe(0);
    await daemon.stop();
  });

  test("a sub-folder and a bucket prefix keep two fleets of one repository apart", async () => {
    const files = Object.fromEntries(Object.entries(kiosks(2)).map(([path, text]) => [`fleets/a/${path}`, text]));
    fleet.repo.commit("first", files);
    const nats = { servers: fleet.server.url, bucketPrefix: "a-" };
    expect((await fleet.once({ path: "fleets/a", nats })).code).toBe(0);
    expect((await fleet.stored("a-desired-state")).size).toBe(2);
    expect((await fleet.stored("desired-state")).size).toBe(0);
  });
});

describe("the blast radius", () => {
  const shrink = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`devices/${kioskId(at + 1)}.yaml`, null]));

  test("a commit that removes too much is held as a whole, additions included, until its trailer allows it", async () => {
    const first = fleet.repo.commit("first", kiosks(20));
    await fleet.once();
    const before = await fleet.sequence();
    const held = fleet.repo.commit("shrink", { ...shrink, "devices/new.yaml": device("kiosk-99") });
    expect((await fleet.once()).code).toBe(1);
    expect(await fleet.sequence()).toBe(before);
    expect(await fleet.record()).toMatchObject({ head: held, applied: first });
    expect((await fleet.record())?.refused).toMatchObject({ commit: held, reason: "held", removes: 15, of: 20 });
    const allowed = fleet.repo.commit(`yes, we close${TRAILER}`);
    expect((await fleet.once()).code).toBe(0);
    expect(await fleet.record()).toMatchObject({ applied: allowed, refused: null });
    expect(await fleet.keys()).toEqual(
      ["kiosk-16", "kiosk-17", "kiosk-18", "kiosk-19", "kiosk-20", "kiosk-99"].map((id) => `${id}.web`),
    );
  });

  test("a trailer allows the commit that carries it; what comes after is judged by the ordinary rule", async () => {
    fleet.repo.commit("first", { ...kiosks(30), "deployments/api.yaml": deployment("api") });
    await fleet.once();
    const allowed = fleet.repo.commit(`shrink${TRAILER}`, shrink);
    const more = Array.from({ length: 14 }, (_, at) => [`devices/${kioskId(at + 16)}.yaml`, null]);
    const head = fleet.repo.commit("and more without asking", Object.fromEntries(more));
    expect((await fleet.once()).code).toBe(1);
    expect(await fleet.record()).toMatchObject({ head, applied: allowed, applying: null });
    expect((await fleet.record())?.refused).toMatchObject({ commit: head, reason: "held", removes: 28, of: 30 });
    expect((await fleet.keys()).length).toBe(30);
  });

  test("what a trailer allows is applied and recorded before a head that is within the limits by then", async () => {
    fleet.repo.commit("first", kiosks(30));
    await fleet.once();
    const allowed = fleet.repo.commit(`shrink${TRAILER}`, shrink);
    const head = fleet.repo.commit("one more", { "devices/kiosk-99.yaml": device("kiosk-99") });
    const told: (string | null)[] = [];
    fleet.nats.subscribe("$KV.fleet.reconciler", {
      callback: (_error, message) => void told.push(message.json<ReconcilerRecord>().applied),
    });
    await fleet.nats.flush();
    expect((await fleet.once()).code).toBe(0);
    await fleet.nats.flush();
    expect(told.indexOf(allowed)).toBeGreaterThan(-1);
    expect(told.at(-1)).toBe(head);
    expect(await fleet.keys()).toContain("kiosk-99.web");
  });

  test("a spent trailer allows nothing more, and a later commit within the limits releases the hold", async () => {
    fleet.repo.commit("first", { ...kiosks(20) });
    await fleet.once();
    fleet.repo.commit(`nothing to remove yet${TRAILER}`);
    await fleet.once();
    const held = fleet.repo.commit("shrink", shrink);
    expect((await fleet.once()).code).toBe(1);
    expect((await fleet.record())?.refused?.commit).toBe(held);
    fleet.repo.git("revert", "--no-edit", held);
    expect((await fleet.once()).code).toBe(0);
    expect((await fleet.record())?.refused).toBeNull();
    expect((await fleet.keys()).length).toBe(20);
  });

  test("nothing may be left empty, and the stricter limits of both commits count", async () => {
    fleet.repo.commit("first", { ...kiosks(2) });
    await fleet.once();
    fleet.repo.commit("remove all", { "deployments/web.yaml": null });
    expect((await fleet.once()).code).toBe(1);
    expect((await fleet.keys()).length).toBe(2);
    fleet.repo.commit("back", {
      ...kiosks(4),
      "fleet.yaml": fleetYaml("default", "{prune: {maxPercent: 10, minKeys: 1}}"),
    });
    expect((await fleet.once()).code).toBe(0);
    const loosened = fleetYaml("default", "{prune: {maxPercent: 100, minKeys: 100}}");
    const half = { "devices/kiosk-01.yaml": null, "devices/kiosk-02.yaml": null };
    fleet.repo.commit("loosen and remove", { "fleet.yaml": loosened, ...half });
    expect((await fleet.once()).code).toBe(1);
    fleet.repo.commit("loosen first", { "fleet.yaml": loosened, ...kiosks(4) });
    expect((await fleet.once()).code).toBe(0);
    fleet.repo.commit("then remove", half);
    expect((await fleet.once()).code).toBe(0);
    expect((await fleet.keys()).length).toBe(2);
  });

  test("foreign keys count like all others: too many of them are not removed either", async () => {
    fleet.repo.commit("first", kiosks(3));
    await fleet.once();
    const bucket = await fleet.bucket("desired-state");
    for (let at = 0; at < 12; at += 1) await bucket.put(`stray-${at}.web`, "{}");
    expect((await fleet.once()).code).toBe(1);
    expect((await fleet.keys()).length).toBe(15);
    fleet.repo.commit(`they may go${TRAILER}`);
    expect((await fleet.once()).code).toBe(0);
    expect((await fleet.keys()).length).toBe(3);
  });

  test("over http the history is fetched as far as the approval lies, in what a merge brought in", async () => {
    await using git = await startGitServer({ root: fleet.scratch.path });
    const settings = { repo: `${git.url}/fleet/.git` };
    fleet.repo.commit("first", kiosks(20));
    await fleet.once(settings);
    fleet.repo.git("checkout", "-q", "-b", "side");
    fleet.repo.commit(`on the side${TRAILER}`, shrink);
    fleet.repo.commit("more on the side");
    fleet.repo.git("checkout", "-q", "main");
    for (let count = 0; count < 5; count += 1) fleet.repo.commit(`main ${count}`, { "README.md": String(count) });
    fleet.repo.git("merge", "-q", "--no-ff", "-m", "merge", "side");
    expect((await fleet.once(settings)).code).toBe(0);
    expect((await fleet.keys()).length).toBe(5);
  });
});

describe("what is not to be touched", () => {
  test("keys of paused devices, deployments and fleets are neither written, repaired nor removed", async () => {
    fleet.repo.commit("first", { ...kiosks(3), "deployments/api.yaml": deployment("api") });
    await fleet.once();
    const bucket = await fleet.bucket("desired-state");
    fleet.repo.commit("pause", {
      "devices/kiosk-01.yaml": device("kiosk-01", { role: "kiosk" }, "{paused: true}"),
      "deployments/api.yaml": deployment("api", "2", "  paused: true\n"),
      "deployments/web.yaml": deployment("web", "2"),
    });
    await bucket.put("kiosk-02.api", "{}");
    await bucket.delete("kiosk-01.web");
    await fleet.once();
    const stored = await fleet.stored("desired-state");
    expect(stored.get("kiosk-02.api")?.text).toBe("{}");
    expect(stored.get("kiosk-01.web")?.operation).toBe("DEL");
    expect(stored.get("kiosk-01.api")?.text).toContain("api:1");
    expect(stored.get("kiosk-03.web")?.text).toContain("web:2");
    expect(await fleet.record()).toMatchObject({ paused_devices: ["kiosk-01"], paused_deployments: ["api"] });
    const before = await fleet.sequence();
    fleet.repo.commit("pause all", {
      "fleet.yaml": fleetYaml("default", "{paused: true}"),
      "deployments/web.yaml": null,
    });
    expect((await fleet.once()).code).toBe(0);
    expect(await fleet.sequence()).toBe(before);
    expect(await fleet.record()).toMatchObject({ paused: true });
  });

  test("keys or a record of another fleet: nothing is written, and foreign-fleet is reported", async () => {
    fleet.repo.commit("first", { ...kiosks(2), "fleet.yaml": fleetYaml("ours") });
    await fleet.once();
    const before = [await fleet.sequence(), await fleet.sequence("fleet")];
    fleet.repo.commit("renamed", { "fleet.yaml": fleetYaml("theirs"), "deployments/web.yaml": deployment("web", "2") });
    const { code, log } = await fleet.once();
    expect(code).toBe(1);
    expect(log).toContain("foreign-fleet");
    expect([await fleet.sequence(), await fleet.sequence("fleet")]).toEqual(before);
    expect((await fleet.record())?.fleet).toBe("ours");
  });

  test("with reported admission nothing is written before a device was heard, and then its keys are", async () => {
    const files = {
      ...kiosks(1),
      "fleet.yaml": fleetYaml("default", "{devices: {admission: reported, reportedLabels: [role]}}"),
    };
    fleet.repo.commit("first", files);
    const daemon = fleet.start();
    await until("the buckets are there", async () =>
      (await daemon.get("/healthz")).text.includes("device-info is missing"),
    );
    expect(await fleet.keys()).toEqual([]);
    const info = { device_id: "kiosk-77", labels: { role: "kiosk" }, updated_at: "2026-01-01T00:00:00Z" };
    await (await fleet.bucket("device-info")).put("info.kiosk-77", JSON.stringify(info));
    await until("both keys are written", async () => (await fleet.keys()).length === 2);
    expect(await fleet.keys()).toEqual(["kiosk-01.web", "kiosk-77.web"]);
    await daemon.stop();
  });
});

describe("a device that reports too little", () => {
  test("keeps what it has, holds up no other, and is listed with the reason", async () => {
    fleet.repo.commit("first", {
      ...kiosks(1),
      "deployments/web.yaml": deployment("web").replace("/web:", "/${device.labels.ring}:"),
      "devices/kiosk-01.yaml": device("kiosk-01", { role: "kiosk", ring: "stable" }),
      "fleet.yaml": fleetYaml("default", "{devices: {admission: reported, reportedLabels: [role]}}"),
    });
    const daemon = fleet.start();
    await until("it waits", async () => (await daemon.get("/healthz")).text.includes("device-info is missing"));
    const info = { device_id: "kiosk-77", labels: { role: "kiosk" }, updated_at: "2026-01-01T00:00:00Z" };
    await (await fleet.bucket("device-info")).put("info.kiosk-77", JSON.stringify(info));
    const record = await until("the record lists it", async () => {
      const written = await fleet.record();
      return written?.withheld === undefined ? null : written;
    });
    expect(record.withheld?.total).toBe(1);
    expect(record.withheld?.devices[0]).toMatchObject({ device_id: "kiosk-77" });
    expect(record.withheld?.devices[0]?.reason).toContain("ring");
    expect(await fleet.keys()).toEqual(["kiosk-01.web"]);
    await daemon.stop();
  });
});

describe("reports that are lost", () => {
  test("stop no device: only a report that somebody removes does", async () => {
    fleet.repo.commit("first", {
      "deployments/web.yaml": deployment("web"),
      "fleet.yaml": fleetYaml("default", "{devices: {admission: reported, reportedLabels: [role]}}"),
    });
    const daemon = fleet.start();
    await until("it waits", async () => (await daemon.get("/healthz")).text.includes("device-info is missing"));
    const report = async (id: string): Promise<void> => {
      const info = { device_id: id, labels: { role: "kiosk" }, updated_at: "2026-01-01T00:00:00Z" };
      await (await fleet.bucket("device-info")).put(`info.${id}`, JSON.stringify(info));
    };
    for (const id of ["a", "b", "c"]) await report(id);
    await until("all keys are written", async () => (await fleet.keys()).length === 3);
    const before = await fleet.sequence();
    await (await fleet.manager()).streams.delete("KV_device-info");
    await until("it waits again", async () => (await daemon.get("/healthz")).text.includes("device-info is missing"));
    await until("the bucket is back", async () =>
      (await fleet.bucket("device-info")).status().then(
        () => true,
        () => false,
      ),
    );
    await report("a");
    await until("it goes on", async () => (await daemon.get("/healthz")).text.includes('"stance":"pursue"'));
    await report("d");
    await until("a new device is served", async () => (await fleet.keys()).includes("d.web"));
    expect(await fleet.sequence()).toBe(before + 1);
    await (await fleet.bucket("device-info")).delete("info.a");
    await until("a removed report counts", async () => !(await fleet.keys()).includes("a.web"));
    expect(await fleet.keys()).toEqual(["b.web", "c.web", "d.web"]);
    await until("the record counts them", async () => (await fleet.record())?.desired_keys === 3);
    await daemon.stop();
  });
});

describe("markers", () => {
  test("a removed key leaves a marker that stays until the device's state is gone", async () => {
    fleet.repo.commit("first", { ...kiosks(2), "deployments/api.yaml": deployment("api") });
    await fleet.once();
    await fleet.putState("kiosk-01", "api");
    const commit = fleet.repo.commit("remove", { "deployments/api.yaml": null });
    const daemon = fleet.start();
    await fleet.applied(commit);
    expect((await fleet.stored("desired-state")).get("kiosk-01.api")?.operation).toBe("DEL");
    await (await fleet.bucket("device-state")).delete("state.kiosk-01.api");
    await until("the marker is gone", async () => !(await fleet.markers()).includes("kiosk-01.api"));
    expect(await fleet.keys()).toEqual(["kiosk-01.web", "kiosk-02.web"]);
    await daemon.stop();
  });

  test("a state that nothing desires gets a marker, also when its device comes back later", async () => {
    const commit = fleet.repo.commit("first", kiosks(2));
    const daemon = fleet.start();
    await fleet.applied(commit);
    await fleet.putState("kiosk-01", "web");
    await fleet.putState("kiosk-02", "old");
    await fleet.putState("retired-07", "web");
    const marked = await until("both are marked", async () => {
      const markers = await fleet.markers();
      return markers.length === 2 ? markers : null;
    });
    expect(marked).toEqual(["kiosk-02.old", "retired-07.web"]);
    const stored = await fleet.stored("desired-state");
    expect(marked.map((key) => stored.get(key)?.header("Gitfleet-Fleet"))).toEqual(["default", "default"]);
    await daemon.stop();
  });
});
