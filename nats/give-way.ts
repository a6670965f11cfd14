/**
 * Lets the rest of the program go on while a flood comes in. Node hands over up to 2 MB that a socket has received, one
 * piece after the other, before anything else has a turn: thousands of messages, during which no timer and no health check
 * is served.
 */
import type { Socket } from "node:net";
import type { NatsConnection } from "@nats-io/transport-node";

/** Where the client keeps its socket. Should it keep it elsewhere one day, nothing is found and nothing gives way. */
interface Kept {
  readonly protocol?: { readonly transport?: { readonly socket?: Socket } };
}

/** Stops reading until everybody else had a turn. What has been read already is still handed over. */
export function giveWay(connection: NatsConnection): void {
  const socket = (connection as NatsConnection & Kept).protocol?.transport?.socket;
  if (socket === undefined || socket.destroyed || socket.isPaused()) return;
  socket.pause();
  setImmediate(() => socket.resume());
}
