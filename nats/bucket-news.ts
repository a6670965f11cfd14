/** Word from the server that a bucket was made anew. It costs nothing until then; not everybody may hear it. */
import { coarseMs } from "#runtime/clock.ts";
import type { BucketName } from "#schema/keys.ts";
import { endSubscription } from "./end-subscription.ts";
import type { NatsLink } from "./link.ts";
import type { Subscription } from "@nats-io/transport-node";

const CREATED = "$JS.EVENT.ADVISORY.STREAM.CREATED";
const DEFAULT_INBOX = "_INBOX";
const DEFAULT_API = "$JS.API";

/** Who comes back has just offered all it has; ten thousand that come back have more urgent questions than this one. */
const AFTER_RETURN_MS = 5_000;

/**
 * Calls `fn` whenever one of `buckets` was created; returns what stops the calls. A user with an inbox of its own, or
 * with a JetStream in another account, may do only what it must: for such a one nothing is asked, and `fn` is not called.
 * Nor is it for some seconds after a lost connection is back.
 */
export function onBucketCreated(
  link: NatsLink,
  buckets: readonly BucketName[],
  fn: (bucket: BucketName) => void,
  { afterReturnMs = AFTER_RETURN_MS } = {},
): () => void {
  const { inboxPrefix, apiPrefix } = link.options;
  if (inboxPrefix !== DEFAULT_INBOX || apiPrefix !== DEFAULT_API) return () => {};
  let subscriptions: Subscription[] = [];
  let timer: NodeJS.Timeout | undefined;
  const listen = (): void => {
    // Each by its name: a wildcard costs the server many times that.
    subscriptions = buckets.map((bucket) =>
      link.connection.subscribe(`${CREATED}.${link.streamOf(bucket)}`, {
        callback: (error) => {
          if (error === null) fn(bucket);
        },
      }),
    );
  };
  const end = (): void => {
    clearTimeout(timer);
    for (const subscription of subscriptions) endSubscription(link, subscription);
    subscriptions = [];
  };
  const stop = link.onStatus((connected) => {
    end();
    if (connected) timer = setTimeout(listen, coarseMs(afterReturnMs * (1 + Math.random())));
  });
  listen();
  return () => {
    stop();
    end();
  };
}
