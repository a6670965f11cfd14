/** A server with a user who may do everything, and one who may publish everything but some subjects. */
import type { NatsServer } from "#sandbox/nats-server.ts";
import { testServer } from "./nats-fixture.ts";

/** Logs in as who may do everything. */
export const ANYBODY = { user: "all", pass: "all" };

/** The server, its address for each of the two. */
export interface DenyingServer {
  readonly server: NatsServer;
  readonly allowedUrl: string;
  readonly deniedUrl: string;
}

/** A server that ends with the test; `denied` may have wildcards. */
export async function denyingServer(denied: string): Promise<DenyingServer> {
  const server = await testServer({
    config: `authorization { users: [
      { user: "${ANYBODY.user}", password: "${ANYBODY.pass}" },
      { user: "kiosk", password: "kiosk", permissions: { publish: { deny: "${denied}" } } }
    ] }`,
  });
  const urlOf = (user: string): string => server.url.replace("nats://", `nats://${user}:${user}@`);
  return { server, allowedUrl: urlOf(ANYBODY.user), deniedUrl: urlOf("kiosk") };
}
