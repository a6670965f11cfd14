/** Takes messages out of a bucket without leaving a marker: the last step after everybody has seen the marker. */
import type { BucketName } from "#schema/keys.ts";
import { z } from "zod";
import { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { apiRequest } from "./request.ts";
import { isKeyFilter } from "./subjects.ts";

const purgedSchema = z.object({ purged: z.number().default(0) });

/** What to take out. */
export interface PurgeTarget {
  readonly bucket: BucketName;
  /** A key, or keys by `*` and `>`. */
  readonly key: string;
  /** Leaves what was written after this revision. */
  readonly upToRevision?: number;
}

/** Readers are not told: write a DEL marker first. Returns how many messages went. Throws NatsFailure. */
export async function purgeKey(link: NatsLink, { bucket, key, upToRevision }: PurgeTarget): Promise<number> {
  if (!isKeyFilter(key)) throw new NatsFailure(`could not purge ${key}: this names no key`, "person");
  const answer = await apiRequest(link, {
    subject: `STREAM.PURGE.${link.streamOf(bucket)}`,
    body: {
      filter: link.subjectOf(bucket, key),
      // The server removes what is before this sequence.
      ...(upToRevision === undefined ? {} : { seq: upToRevision + 1 }),
    },
    doing: `purge ${key}`,
  });
  return purgedSchema.parse(answer).purged;
}
