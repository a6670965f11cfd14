/** What the server says about a bucket's stream: which one it is, how far it has come, what it is made of. */
import type { BucketName } from "#schema/keys.ts";
import { z } from "zod";
import { JS_CODES, NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { apiRequest } from "./request.ts";

const streamInfoSchema = z.object({
  created: z.string(),
  /** The server's time of the answer; since 2.10. */
  ts: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  state: z.object({
    messages: z.number(),
    first_seq: z.number(),
    last_seq: z.number(),
    num_subjects: z.number().default(0),
  }),
});

/** The answer to STREAM.INFO. `created` tells a stream from one that took its name later. */
export type StreamInfo = z.infer<typeof streamInfoSchema>;

/** Asks about the stream of a bucket; null where it does not exist. Throws NatsFailure. */
export async function streamInfo(link: NatsLink, bucket: BucketName, signal?: AbortSignal): Promise<StreamInfo | null> {
  const stream = link.streamOf(bucket);
  try {
    const answer = await apiRequest(link, {
      subject: `STREAM.INFO.${stream}`,
      doing: `ask about the bucket ${bucket}`,
      signal,
    });
    return streamInfoSchema.parse(answer);
  } catch (error) {
    if (error instanceof NatsFailure && error.code === JS_CODES.streamNotFound) return null;
    throw error;
  }
}
