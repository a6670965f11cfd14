/** The lease against a real server: never two holders, and never for long none. */
import { ensureBuckets } from "#nats/buckets.ts";
import { readKey } from "#nats/compare-and-set.ts";
import type { NatsLink } from "#nats/connect.ts";
import { startLease, type Lease } from "#nats/lease.ts";
import { serverNowMs } from "#nats/server-time.ts";
import type { NatsServer } from "#sandbox/nats-server.ts";
import { startTcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { spawn, type ChildProcess } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";

const DURATION_MS = 600;
/** For tests that tell a hand-over from a lease that ran out, on a busy machine, too. */
const LONG_MS = 3_000;
const AT_ONCE_MS = 1_000;
const KEY = "lease.reconciler";

interface Candidate {
  readonly lease: Lease;
  readonly events: string[];
}

function candidate(link: NatsLink, id: string, durationMs = DURATION_MS): Candidate {
  const events: string[] = [];
  const lease = startLease(link, {
    id,
    durationMs,
    headers: { "Gitfleet-Fleet": "shop" },
    onAcquired: () => events.push("acquired"),
    onLost: (reason) => events.push(`lost: ${reason}`),
  });
  onTestFinished(() => lease.release());
  return { lease, events };
}

async function world(): Promise<{ server: NatsServer; link: NatsLink }> {
  const server = await testServer();
  const link = await testLink({ servers: server.url });
  await ensureBuckets(link, { replicas: 1 });
  return { server, link };
}

/** Two candidates on connections of their own, the first of which holds the lease. */
async function holderAndStandBy(
  server: NatsServer,
  durationMs = DURATION_MS,
): Promise<{ first: Candidate; second: Candidate; proxy: { shut(): void; open(): void } }> {
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const first = candidate(await testLink({ servers: `nats://127.0.0.1:${proxy.port}` }), "first", durationMs);
  await until("the first holds it", () => first.lease.holds());
  const second = candidate(await testLink({ servers: server.url }), "second", durationMs);
  await until("the second sees the first", () => second.lease.holder() === "first");
  return { first, second, proxy };
}

/** Watches, on every turn of the event loop, that never both hold it. */
function watchForTwo(first: Lease, second: Lease): { seen: () => number } {
  let both = 0;
  const timer = setInterval(() => {
    if (first.holds() && second.holds()) both += 1;
  }, 1);
  onTestFinished(() => clearInterval(timer));
  return { seen: () => both };
}

describe("the lease", () => {
  test("goes to the first who asks, is renewed, and names its holder", async () => {
    const { server, link } = await world();
    const { first, second } = await holderAndStandBy(server);
    const before = await readKey(link, "fleet", KEY);
    await until("it was renewed twice", async () => {
      const now = await readKey(link, "fleet", KEY);
      return (now?.revision ?? 0) >= (before?.revision ?? 0) + 2;
    });
    expect(first.events).toEqual(["acquired"]);
    expect(second.events).toEqual([]);
    const stored = await readKey(link, "fleet", KEY);
    expect(JSON.parse(Buffer.from(stored?.value ?? []).toString())).toMatchObject({
      holder: "first",
      duration_ms: 600,
    });
    expect(stored?.headers("Gitfleet-Fleet")).toBe("shop");
  });

  test("has one holder where many begin together", async () => {
    const { server } = await world();
    const links = await Promise.all(Array.from({ length: 5 }, () => testLink({ servers: server.url })));
    const all = links.map((link, n) => candidate(link, `candidate-${n}`));
    await until("somebody holds it", () => all.some(({ lease }) => lease.holds()));
    await until("everybody knows who", () => all.every(({ lease }) => lease.holder() !== null));
    expect(all.filter(({ lease }) => lease.holds())).toHaveLength(1);
    expect(new Set(all.map(({ lease }) => lease.holder())).size).toBe(1);
  });

  test("is handed over at once at release", async () => {
    const { server } = await world();
    const { first, second } = await holderAndStandBy(server, LONG_MS);
    const releasedAtMs = performance.now();
    await first.lease.release();
    expect(first.lease.holds()).toBe(false);
    await until("the second holds it", () => second.lease.holds());
    expect(performance.now() - releasedAtMs).toBeLessThan(AT_ONCE_MS);
  });

  test("is taken over when the holder is cut off, after the holder has stopped by itself", async () => {
    const { server } = await world();
    const { first, second, proxy } = await holderAndStandBy(server);
    const two = watchForTwo(first.lease, second.lease);
    proxy.shut();
    const cutAtMs = performance.now();
    await until("the first has stopped", () => !first.lease.holds());
    await until("the second holds it", () => second.lease.holds());
    expect(performance.now() - cutAtMs).toBeLessThan(DURATION_MS + AT_ONCE_MS);
    proxy.open();
    await until("the first sees the second", () => first.lease.holder() === "second");
    expect(two.seen()).toBe(0);
    // Told by the timer or by the next renewal, whichever comes first.
    expect(first.events[1]).toMatch(/^lost: it (?:could not be renewed in time|ran out before it could be renewed)$/);
    expect(first.events).toHaveLength(2);
  });

  test("is not lost by a short cut", async () => {
    const { server, link } = await world();
    const { first, proxy } = await holderAndStandBy(server);
    const before = await readKey(link, "fleet", KEY);
    proxy.shut();
    proxy.open();
    await until("it was renewed twice", async () => {
      const now = await readKey(link, "fleet", KEY);
      return (now?.revision ?? 0) >= (before?.revision ?? 0) + 2;
    });
    expect(first.events).toEqual(["acquired"]);
  });

  test("survives a restart of the server with one holder at most", async () => {
    const { server } = await world();
    const { first, second } = await holderAndStandBy(server);
    const two = watchForTwo(first.lease, second.lease);
    await server.restart();
    await until("somebody holds it", () => first.lease.holds() || second.lease.holds());
    await server.kill();
    await until("nobody holds it any more", () => !first.lease.holds() && !second.lease.holds());
    await server.start();
    await until("somebody holds it", () => first.lease.holds() || second.lease.holds());
    expect(two.seen()).toBe(0);
  });

  test("is given up when the server stands still, and taken again when it goes on", async () => {
    const { server } = await world();
    const { first, second } = await holderAndStandBy(server);
    const two = watchForTwo(first.lease, second.lease);
    server.pause();
    await until("nobody holds it any more", () => !first.lease.holds() && !second.lease.holds());
    server.resume();
    await until("somebody holds it", () => first.lease.holds() || second.lease.holds());
    expect(two.seen()).toBe(0);
  });

  test("stays with its holder when the bucket is lost and comes back", async () => {
    const { server, link } = await world();
    const { first, second } = await holderAndStandBy(server);
    const two = watchForTwo(first.lease, second.lease);
    const client = await testClient(server.url);
    await client.api("STREAM.DELETE.KV_fleet");
    await ensureBuckets(link, { replicas: 1 });
    await until("it stands in the new bucket", async () => (await readKey(link, "fleet", KEY)) !== null);
    await until("somebody holds it", () => first.lease.holds() || second.lease.holds());
    expect(two.seen()).toBe(0);
  });

  test("is lost at once when somebody deletes or overwrites it", async () => {
    const { server } = await world();
    const { first, second } = await holderAndStandBy(server);
    await second.lease.release();
    const client = await testClient(server.url);
    await client.put("fleet", KEY, "not a lease");
    await until("the loss is noticed", () => first.events.length === 2);
    expect(first.events[1]).toBe("lost: somebody else holds it now");
    expect(first.lease.holds()).toBe(false);
    // Nobody renews it, so that it runs out.
    await until("the first holds it again", () => first.lease.holds());
  });

  test("counts by the server's clock alone", async () => {
    const { link } = await world();
    const before = Date.now();
    const serverMs = await serverNowMs(link, "fleet");
    // Here the server's clock is this machine's.
    expect(serverMs).toBeGreaterThanOrEqual(before - 1);
    expect(serverMs).toBeLessThanOrEqual(Date.now() + 1);
  });
});

interface LeaseProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
}

function leaseProcess(url: string, id: string, durationMs = DURATION_MS): LeaseProcess {
  const program = new URL("../support/lease-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, url, id, String(durationMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => lines.push(...chunk.toString("utf8").trim().split("\n")));
  return { child, lines };
}

describe("a process that holds the lease", () => {
  test("is succeeded within a lease's duration when it is killed", async () => {
    const { server, link } = await world();
    const { child, lines } = leaseProcess(server.url, "process");
    await until("the process holds it", () => lines.includes("acquired"));
    const { lease } = candidate(link, "successor");
    await until("the successor sees it", () => lease.holder() === "process");
    const killedAtMs = performance.now();
    child.kill("SIGKILL");
    await until("the successor holds it", () => lease.holds());
    expect(performance.now() - killedAtMs).toBeLessThan(DURATION_MS + AT_ONCE_MS);
  });

  test("knows at once after a freeze that it holds it no longer", async () => {
    const { server, link } = await world();
    const { child, lines } = leaseProcess(server.url, "process");
    await until("the process holds it", () => lines.includes("holds"));
    const { lease } = candidate(link, "successor");
    await until("the successor sees it", () => lease.holder() === "process");
    child.kill("SIGSTOP");
    await until("the successor holds it", () => lease.holds());
    const linesBefore = lines.length;
    child.kill("SIGCONT");
    await until("the process has noticed", () => lines.some((line) => line.startsWith("lost")));
    // The first it says is that it does not hold it; never in between that it does.
    expect(lines[linesBefore]).toMatch(/^(?:holds not|lost .*)$/);
    expect(lines.slice(linesBefore)).not.toContain("holds");
    expect(lease.holds()).toBe(true);
  });

  test("hands over at once at SIGTERM", async () => {
    const { server, link } = await world();
    const { child, lines } = leaseProcess(server.url, "process", LONG_MS);
    await until("the process holds it", () => lines.includes("acquired"));
    const { lease } = candidate(link, "successor", LONG_MS);
    await until("the successor sees it", () => lease.holder() === "process");
    const toldAtMs = performance.now();
    child.kill("SIGTERM");
    await until("the successor holds it", () => lease.holds());
    expect(performance.now() - toldAtMs).toBeLessThan(AT_ONCE_MS);
  });
});
