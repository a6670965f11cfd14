import { afterEach, describe, expect, test } from "vitest";
import { BODY_MAX_BYTES, startHealthServer, type HealthServer } from "./health-server.ts";

const servers: HealthServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(overrides: Partial<Parameters<typeof startHealthServer>[0]> = {}): Promise<string> {
  const server = await startHealthServer({
    listen: "127.0.0.1:0",
    health: () => ({ ok: true }),
    ready: () => ({ ok: false, reason: "waiting for NATS" }),
    metrics: async () => "gitfleet_up 1\n",
    ...overrides,
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe("health server", () => {
  test("answers health with 200 and what is not ready with 503 and the reason", async () => {
    const url = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ok: false, reason: "waiting for NATS" });
  });

  test("answers metrics as Prometheus text", async () => {
    const answer = await fetch(`${await start()}/metrics`);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await answer.text()).toBe("gitfleet_up 1\n");
  });

  test("hands a program's own routes the whole body, and knows no others", async () => {
    const url = await start({ routes: { "POST /webhook": ({ body }) => ({ status: 202, text: String(body) }) } });
    const answer = await fetch(`${url}/webhook?x=1`, { method: "POST", body: "hello" });
    expect([answer.status, await answer.text()]).toEqual([202, "hello"]);
    expect((await fetch(`${url}/webhook`)).status).toBe(404);
    expect((await fetch(`${url}/constructor`)).status).toBe(404);
  });

  test("refuses a body above its limit", async () => {
    const url = await start({ routes: { "POST /webhook": () => ({ status: 202, text: "" }) } });
    const answer = await fetch(`${url}/webhook`, { method: "POST", body: new Uint8Array(BODY_MAX_BYTES + 1) });
    expect(answer.status).toBe(413);
  });

  test("answers 500 and lives on when a route throws", async () => {
    const url = await start({
      metrics: async () => {
        throw new Error("no");
      },
    });
    expect((await fetch(`${url}/metrics`)).status).toBe(500);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test("that is off listens nowhere", async () => {
    const server = await startHealthServer({
      listen: "off",
      health: () => ({ ok: true }),
      ready: () => ({ ok: true }),
      metrics: async () => "",
    });
    expect(server.port).toBeNull();
    await server.close();
  });

  test("names an address that is taken as something outside, with what to do", async () => {
    const url = await start();
    await expect(start({ listen: url.slice("http://".length) })).rejects.toMatchObject({
      name: "OutsideError",
      hint: expect.stringContaining("--listen"),
    });
  });
});
