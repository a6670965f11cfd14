/** Word from the server that a bucket was made anew. It costs nothing until then; not everybody may hear it. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsLink } from "./link.ts";

const CREATED = "$JS.EVENT.ADVISORY.STREAM.CREATED";
const DEFAULT_INBOX = "_INBOX";
const DEFAULT_API = "$JS.API";

/**
 * Calls `fn` whenever one of `buckets` was created; returns what stops the calls. A user with an inbox of its own, or
 * with a JetStream in another account, may do only what it must: for such a one nothing is asked, and `fn` is not called.
 */
export function onBucketCreated(
  link: NatsLink,
  buckets: readonly BucketName[],
  fn: (bucket: BucketName) => void,
): () => void {
  const { inboxPrefix, apiPrefix } = link.options;
  if (inboxPrefix !== DEFAULT_INBOX || apiPrefix !== DEFAULT_API) return () => {};
  const byStream = new Map(buckets.map((bucket) => [link.streamOf(bucket), bucket]));
  const subscription = link.connection.subscribe(`${CREATED}.*`, {
    callback: (error, message) => {
      const bucket = error === null ? byStream.get(message.subject.slice(CREATED.length + 1)) : undefined;
      if (bucket !== undefined) fn(bucket);
    },
  });
  return () => subscription.unsubscribe();
}
