import { connect } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { findNatsServer, startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
import { until } from "./until.ts";

async function started(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await startNatsServer(options);
  onTestFinished(() => server.remove());
  return server;
}

/** Asks JetStream for the names of its streams, having made one where `create` is set. */
async function streams(server: NatsServer, create = false): Promise<unknown> {
  const connection = await connect({ servers: server.url });
  try {
    const body = JSON.stringify({ name: "s", subjects: ["s"] });
    if (create) await connection.request("$JS.API.STREAM.CREATE.s", body, { timeout: 5_000 });
    const answer = await connection.request("$JS.API.STREAM.NAMES", "", { timeout: 5_000 });
    return answer.json<{ streams: unknown }>().streams;
  } finally {
    await connection.close();
  }
}

describe("a server of the sandbox", () => {
  test("keeps its port and its data when it is killed, stopped and started", async () => {
    const server = await started();
    expect(await streams(server, true)).toEqual(["s"]);
    const { port, pid } = server;
    await server.kill();
    expect(server.pid).toBeNull();
    await server.start();
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await streams(server)).toEqual(["s"]);
  });

  test("forgets everything when it is wiped", async () => {
    const server = await started();
    await streams(server, true);
    await server.wipe();
    expect(await streams(server)).toBeNull();
  });

  test("can be stopped while it is paused, and leaves nothing behind when it is removed", async () => {
    const server = await started();
    server.pause();
    await server.stop();
    expect(existsSync(server.storeDir)).toBe(true);
    await server.remove();
    expect(existsSync(server.storeDir)).toBe(false);
  });

  test("takes more configuration, now and at the next start", async () => {
    const server = await started({ config: "authorization { token: a }" });
    await expect(connect({ servers: server.url, token: "b", reconnect: false })).rejects.toThrow(/authorization/i);
    await server.configure("authorization { token: b }");
    await server.restart();
    const connection = await connect({ servers: server.url, token: "b", reconnect: false });
    await connection.close();
    expect(connection.isClosed()).toBe(true);
  });

  test("that does not start says what it printed", async () => {
    await expect(startNatsServer({ config: "nonsense {" })).rejects.toThrow(/ended while starting.*\n.*Parse error/s);
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => {
      taken.close();
    });
    const { port } = taken.address() as { port: number };
    await expect(startNatsServer({ port })).rejects.toThrow(/address already in use/);
  });

  test("that is not installed is named with the command that installs it", async () => {
    const { PATH, GITFLEET_NATS_SERVER } = process.env;
    onTestFinished(() => {
      process.env["PATH"] = PATH;
      if (GITFLEET_NATS_SERVER !== undefined) process.env["GITFLEET_NATS_SERVER"] = GITFLEET_NATS_SERVER;
    });
    delete process.env["GITFLEET_NATS_SERVER"];
    process.env["PATH"] = "/nowhere";
    expect(() => findNatsServer([])).toThrow(
      /nats-server is not installed: run `.+install.+nats-server`, then try again/,
    );
  });

  // Only Linux can promise it.
  const whereLinux =
    process.platform === "linux" ? ["ends with the process that started it, even when that is killed"] : [];
  test.each(whereLinux)("%s", async () => {
    const program = `import { startNatsServer } from "#sandbox/nats-server.ts";
      const server = await startNatsServer();
      console.log(server.pid);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: new URL("..", import.meta.url).pathname,
    });
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);
    child.kill("SIGKILL");
    await until("the server has ended", () => !isAlive(pid));
    expect(isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
