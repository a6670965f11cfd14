/** The connection against a real server: how it begins, how it comes back, and that it keeps secrets. */
import { connectNats } from "#nats/connect.ts";
import { natsOptionsSchema, type NatsOptionsInput } from "#nats/options.ts";
import { createLogger, type Logger } from "#runtime/logger.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import { startTcpProxy } from "#sandbox/tcp-proxy.ts";
import { until } from "#sandbox/until.ts";
import { testServer } from "#tests/support/nats-fixture.ts";
import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";

function recorder(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    logger: createLogger({ name: "test", level: "debug", format: "json", write: (line) => lines.push(line) }),
  };
}

async function connected(options: NatsOptionsInput, logger = recorder().logger, waitMs = 3_000) {
  const link = await connectNats(natsOptionsSchema.parse(options), {
    name: "test",
    logger,
    waitMs,
    reconnectMaxMs: 100,
  });
  onTestFinished(() => link.close());
  return link;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

describe("a first connect", () => {
  test("knows the server's version and how far away it is", async () => {
    const server = await testServer();
    const link = await connected({ servers: server.url });
    expect(link.connected()).toBe(true);
    expect(link.serverVersion()).toMatch(/^2\.\d+\.\d+/);
    expect(await link.rttMs()).toBeGreaterThanOrEqual(0);
  });

  test("that is bounded ends with what to check, and without the password", async () => {
    const port = await freePort();
    const { logger, lines } = recorder();
    const error = await connected({ servers: `nats://user:hunter2@127.0.0.1:${port}` }, logger, 300).catch(
      (caught) => caught,
    );
    expect(error.message).toBe(
      `could not connect to NATS at nats://127.0.0.1:${port}: connection refused; check that nats-server runs there and that --nats names it`,
    );
    expect(JSON.stringify(lines)).not.toContain("hunter2");
    expect(String(error.stack)).not.toContain("hunter2");
  });

  test("without a bound goes on until the server is there", async () => {
    const port = await freePort();
    const connecting = connectNats(natsOptionsSchema.parse({ servers: `127.0.0.1:${port}` }), {
      name: "test",
      logger: recorder().logger,
    });
    const server = await startNatsServer({ port });
    onTestFinished(() => server.remove());
    const link = await connecting;
    expect(link.connected()).toBe(true);
    await link.close();
  });

  test("ends when it is told to stop", async () => {
    const stop = new AbortController();
    const connecting = connectNats(natsOptionsSchema.parse({ servers: `127.0.0.1:${await freePort()}` }), {
      name: "test",
      logger: recorder().logger,
      signal: stop.signal,
    });
    stop.abort();
    await expect(connecting).rejects.toMatchObject({ advice: "retry" });
  });

  test("with the wrong password needs a person, at once, and does not show it", async () => {
    const server = await testServer({ config: "authorization { user: u, password: right }" });
    const { logger, lines } = recorder();
    const wrong = server.url.replace("//", "//u:wr0ng@");
    const error = await connected({ servers: wrong }, logger).catch((caught) => caught);
    expect(error).toMatchObject({ advice: "person" });
    expect(error.message).toMatch(/refuses this user; check --nats-creds/);
    expect(JSON.stringify([lines, error.message])).not.toContain("wr0ng");
    expect((await connected({ servers: server.url.replace("//", "//u:right@") })).connected()).toBe(true);
  });

  test("names a credentials file that cannot be read", async () => {
    const options = natsOptionsSchema.parse({ creds: "/nowhere/device.creds" });
    await expect(connectNats(options, { name: "test", logger: recorder().logger })).rejects.toThrow(
      "--nats-creds: cannot read /nowhere/device.creds; check the path and its permissions",
    );
    const half = natsOptionsSchema.parse({ cert: import.meta.filename });
    await expect(connectNats(half, { name: "test", logger: recorder().logger })).rejects.toThrow(
      /give both or neither/,
    );
  });
});

describe("a connection", () => {
  test("comes back within a moment after a restart, and says so each time", async () => {
    const server = await testServer();
    const link = await connected({ servers: server.url });
    const told: boolean[] = [];
    link.onStatus((now) => told.push(now));
    await server.kill();
    await until("the loss is noticed", () => !link.connected());
    expect(link.serverVersion()).toBeNull();
    await server.start();
    const startedAtMs = performance.now();
    await link.whenConnected();
    expect(performance.now() - startedAtMs).toBeLessThan(500);
    expect(told).toEqual([false, true]);
  });

  test("that goes silent is noticed by its pings", async () => {
    const server = await testServer();
    const proxy = await startTcpProxy(server.port);
    onTestFinished(() => proxy.close());
    const link = await connectNats(natsOptionsSchema.parse({ servers: `127.0.0.1:${proxy.port}` }), {
      name: "test",
      logger: recorder().logger,
      pingIntervalMs: 50,
      reconnectMaxMs: 100,
    });
    onTestFinished(() => link.close());
    proxy.freeze();
    await until("the silence is noticed", () => !link.connected());
    proxy.thaw();
    await until("it is back", () => link.connected());
    expect(link.connected()).toBe(true);
  });

  test("that is closed for good says nothing of a loss", async () => {
    const server = await testServer();
    const { logger, lines } = recorder();
    const link = await connected({ servers: server.url }, logger);
    await link.close();
    expect(link.connected()).toBe(false);
    expect(lines).toEqual([]);
  });
});
