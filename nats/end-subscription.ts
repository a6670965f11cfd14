/** Ends a subscription with as few words as can be. */
import type { Subscription } from "@nats-io/transport-node";
import type { NatsLink } from "./link.ts";

/** Where the client keeps its subscriptions. Should it keep them elsewhere one day, the server is told. */
interface Kept {
  readonly protocol?: { readonly subscriptions?: { readonly subs?: unknown } };
}

/**
 * The server forgot a subscription with the connection that was lost; the client would send it again with the next one, and
 * that it is over behind it. Nobody waits for one of ours to end, so it is let go of: to close ten thousand of them takes a
 * tenth of a second.
 */
export function endSubscription(link: Pick<NatsLink, "connection" | "connected">, subscription: Subscription): void {
  const kept = (link.connection as NatsLink["connection"] & Kept).protocol?.subscriptions?.subs;
  if (!link.connected() && kept instanceof Map) kept.delete(subscription.getID());
  else subscription.unsubscribe();
}
