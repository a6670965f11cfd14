/** A server, a link and a plain client for one test, all gone afterwards. */
import { connectNats, type NatsLink } from "#nats/connect.ts";
import { natsOptionsSchema, type NatsOptionsInput } from "#nats/options.ts";
import { silentLogger } from "#runtime/logger.ts";
import { startNatsServer, type NatsServer, type NatsServerOptions } from "#sandbox/nats-server.ts";
import { onTestFinished } from "vitest";
import { plainClient, type PlainClient } from "./plain-client.ts";

/** A server that ends with the test. */
export async function testServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await startNatsServer(options);
  onTestFinished(() => server.remove());
  return server;
}

/** A link that ends with the test. */
export async function testLink(options: NatsOptionsInput): Promise<NatsLink> {
  const link = await connectNats(natsOptionsSchema.parse(options), {
    name: "test",
    logger: silentLogger,
    waitMs: 5_000,
    reconnectMaxMs: 200,
  });
  onTestFinished(() => link.close());
  return link;
}

/** A plain client that ends with the test. */
export async function testClient(url: string, login: { user?: string; pass?: string } = {}): Promise<PlainClient> {
  const client = await plainClient(url, login);
  onTestFinished(() => client.close());
  return client;
}
