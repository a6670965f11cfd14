/**
 * Two reconcilers, one writer, in anger. With the lease of the default length: what is promised in seconds is held
 * against the server's stamps, with the machine to itself.
 */
import type { KvEntry } from "@nats-io/kv";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { HELD_SHARE } from "#nats/lease-value.ts";
import { startTcpProxy, type TcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { deployment, Fixture, kiosks, type Reconciler } from "./fixture.ts";

/** What the reconciler uses where nobody says otherwise. */
const LEASE_MS = 3_000;
const HAND_OVER_MS = 500;
const REPAIR_MS = 2_000;
const LEASE_KEY = "lease.reconciler";

let fleet: Fixture;
let proxy: TcpProxy;

beforeEach(async () => {
  fleet = await Fixture.start();
  proxy = await startTcpProxy(fleet.server.port);
});

afterEach(async () => {
  await proxy.close();
  await fleet.stop();
});

describe("a writer that crashes", () => {
  test("is succeeded within a lease, right after a renewal too", async () => {
    const { first, second } = await writerAndStandBy(kiosks(5));
    const renewed = await leaseEntry();
    // The worst moment: the lease has just begun anew.
    const { created } = await until("it is renewed", async () => {
      const now = await leaseEntry();
      return now.revision > renewed.revision ? now : null;
    });
    first.signal("SIGKILL");
    const killedAtMs = Date.now();
    await isWriter(second);
    const taken = await leaseEntry();
    expect(holderOf(taken)).not.toBe(holderOf(renewed));
    expect(taken.created.getTime() - created.getTime()).toBeGreaterThan(LEASE_MS * HELD_SHARE);
    expect(taken.created.getTime() - killedAtMs).toBeLessThanOrEqual(LEASE_MS);
    const commit = fleet.repo.commit("after", kiosks(6));
    await fleet.applied(commit);
  });
});

describe("a writer that is told to stop", () => {
  test("hands over in under half a second", async () => {
    const { first, second } = await writerAndStandBy(kiosks(5));
    const toldAtMs = Date.now();
    first.signal("SIGTERM");
    await isWriter(second);
    expect((await leaseEntry()).created.getTime() - toldAtMs).toBeLessThan(HAND_OVER_MS);
    expect(await first.exited).toBe(0);
  });
});

describe("a writer that is frozen for longer than its lease", () => {
  test("in the middle of its writes is replaced, writes nothing after it wakes, and says that it stands by", async () => {
    const { first, second } = await writerAndStandBy(kiosks(30));
    const written = await entriesOf("desired-state");
    const before = written().length;
    fleet.repo.commit("many", many("1"));
    await until("it is in the middle of them", () => written().length > before + 100);
    first.signal("SIGSTOP");
    await isWriter(second);
    const last = fleet.repo.commit("newer", many("2"));
    await fleet.applied(last);
    // So long that nothing of the lease is left, whoever counts.
    const taken = await leaseEntry();
    await until("the lease was renewed since", async () => (await leaseEntry()).revision > taken.revision + 2);
    const settled = await fleet.sequence();
    fleet.repo.git("checkout", "-q", "--detach");
    first.signal("SIGCONT");
    await standsBy(first);
    await until("it is in step", async () => (await first.get("/readyz")).status === 200);
    expect(await fleet.sequence()).toBe(settled);
    expectOnly(await fleet.stored("desired-state"), last);
    expect(await first.stop()).toBe(0);
  });
});

describe("a writer whose network stands still in the middle of its writes", () => {
  test("is replaced; what arrives late overwrites nothing, and what it still adds is gone within two seconds", async () => {
    const { second } = await writerAndStandBy(kiosks(30), { first: { nats: { servers: proxied() } } });
    const written = await entriesOf("desired-state");
    const begun = written().length;
    proxy.freezeAfter(150_000);
    fleet.repo.commit("many", { ...many("1"), ...extra(8) });
    await until("its network stands still", () => proxy.frozen());
    // Before anybody takes over: what the first one has on its way to the extra ones, nobody else ever writes.
    const last = fleet.repo.commit("newer", { ...many("2"), ...without(extra(8)) });
    await isWriter(second);
    await fleet.applied(last);
    const settled = written().length;
    proxy.thaw();
    await until("something arrived late", () => written().length > settled);
    await until("all is as it was", async () => (await fleet.keys()).length === 30 * (MANY + 1));
    const late = written().slice(settled);
    expect(late.filter(({ key, operation }) => operation === "PUT" && !key.includes(".extra-"))).toEqual([]);
    const strays = late.filter(({ operation }) => operation === "PUT");
    expect(strays.length).toBeGreaterThan(0);
    for (const stray of strays) {
      const gone = late.find(({ key, operation }) => key === stray.key && operation === "DEL");
      expect((gone?.created.getTime() ?? Number.NaN) - stray.created.getTime()).toBeLessThan(REPAIR_MS);
    }
    expect(begun).toBeLessThan(settled);
    expectOnly(await fleet.stored("desired-state"), last);
  });
});

describe("a writer that is cut off from NATS", () => {
  test("is succeeded within a lease, and stands by when it is back", async () => {
    const { first, second } = await writerAndStandBy(kiosks(5), { first: { nats: { servers: proxied() } } });
    proxy.shut();
    const cutAtMs = Date.now();
    await standsBy(first);
    await isWriter(second);
    expect((await leaseEntry()).created.getTime() - cutAtMs).toBeLessThanOrEqual(LEASE_MS);
    await fleet.applied(fleet.repo.commit("meanwhile", kiosks(6, "2")));
    const settled = await fleet.sequence();
    proxy.open();
    await until("the first is back and in step", async () => (await first.get("/readyz")).status === 200);
    await standsBy(first);
    expect(await fleet.sequence()).toBe(settled);
  });
});

describe("NATS that is restarted", () => {
  test("has one writer again within a lease of coming back, and no key is written twice", async () => {
    const { first, second } = await writerAndStandBy(kiosks(5));
    const settled = await fleet.sequence();
    await fleet.server.kill();
    await fleet.server.start();
    const startedAtMs = Date.now();
    const commit = fleet.repo.commit("after", kiosks(6));
    await fleet.applied(commit);
    expect((await leaseEntry()).created.getTime() - startedAtMs).toBeLessThanOrEqual(LEASE_MS);
    expect(await fleet.sequence()).toBe(settled + 1);
    const roles = await Promise.all([first, second].map(async (one) => await roleOf(one)));
    expect(roles.toSorted()).toEqual(["standby", "writer"]);
  });
});

const MANY = 40;

/** Many deployments for all kiosks. */
function many(tag: string): Record<string, string> {
  const names = Array.from({ length: MANY }, (_, at) => `app-${at}`);
  return Object.fromEntries(names.map((name) => [`deployments/${name}.yaml`, deployment(name, tag)]));
}

/** Deployments that come after the others when they are written. */
function extra(count: number): Record<string, string> {
  const names = Array.from({ length: count }, (_, at) => `extra-${at}`);
  return Object.fromEntries(names.map((name) => [`deployments/${name}.yaml`, deployment(name)]));
}

function without(files: Record<string, string>): Record<string, null> {
  return Object.fromEntries(Object.keys(files).map((path) => [path, null]));
}

async function writerAndStandBy(
  files: Record<string, string>,
  settings: { readonly first?: Record<string, unknown> } = {},
): Promise<{ first: Reconciler; second: Reconciler }> {
  const lease = `${LEASE_MS}ms`;
  const commit = fleet.repo.commit("first", files);
  const first = fleet.start({ lease, ...settings.first });
  await fleet.applied(commit);
  const second = fleet.start({ lease });
  await until("the second stands by", async () => (await second.get("/readyz")).status === 200);
  await standsBy(second);
  expect(await roleOf(first)).toBe("writer");
  return { first, second };
}

function proxied(): string {
  return `nats://127.0.0.1:${proxy.port}`;
}

async function roleOf(reconciler: Reconciler): Promise<string> {
  const { text } = await reconciler.get("/healthz");
  return (JSON.parse(text) as { role: string }).role;
}

async function isWriter(reconciler: Reconciler): Promise<void> {
  await until("it writes", async () => (await roleOf(reconciler)) === "writer");
}

async function standsBy(reconciler: Reconciler): Promise<void> {
  await until("it stands by", async () => (await roleOf(reconciler)) === "standby");
}

async function leaseEntry(): Promise<KvEntry> {
  return await until("there is a lease", async () => await (await fleet.bucket("fleet")).get(LEASE_KEY));
}

function holderOf(entry: KvEntry): string {
  return entry.json<{ holder: string }>().holder;
}

/** Everything that a bucket takes from now on, in order. */
async function entriesOf(name: string): Promise<() => KvEntry[]> {
  const entries: KvEntry[] = [];
  const watch = await (await fleet.bucket(name)).watch();
  onTestFinished(() => watch.stop());
  void (async () => {
    for await (const entry of watch) entries.push(entry);
  })();
  return () => entries;
}

/** Every value is of this commit. */
function expectOnly(stored: Awaited<ReturnType<Fixture["stored"]>>, commit: string): void {
  const others = [...stored].filter(
    ([key, { operation, header }]) =>
      operation === "PUT" && !key.endsWith(".web") && header("Gitfleet-Commit") !== commit,
  );
  expect(others.map(([key]) => key)).toEqual([]);
}
