/** Cuts a connection as a failing network does; the link comes back by itself. */
import type { NatsLink } from "./link.ts";

/** For who plays the network: nothing is said to the server, and what was on its way is lost. */
export async function cutConnection(link: NatsLink): Promise<void> {
  await link.connection.reconnect();
}
