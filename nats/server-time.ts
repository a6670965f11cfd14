/** What time it is by the server's clock: the only clock that two machines share. */
import type { BucketName } from "#schema/keys.ts";
import { nuid } from "@nats-io/transport-node";
import { z } from "zod";
import { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";
import { apiRequest } from "./request.ts";
import { streamInfo } from "./stream-info.ts";

const INACTIVE_NS = 1_000_000_000;
const createdSchema = z.object({ created: z.string() });

/** Milliseconds since 1970, taken between question and answer by the server that leads this bucket. Throws NatsFailure. */
export async function serverNowMs(link: NatsLink, bucket: BucketName, signal?: AbortSignal): Promise<number> {
  const info = await streamInfo(link, bucket, signal);
  if (info === null) throw new NatsFailure(`the bucket ${bucket} does not exist yet`, "wait");
  return Date.parse(info.ts ?? (await timeOfNewConsumer(link, bucket, signal)));
}

/** Servers before 2.10 tell the time only by when they made something. */
async function timeOfNewConsumer(link: NatsLink, bucket: BucketName, signal: AbortSignal | undefined): Promise<string> {
  const stream = link.streamOf(bucket);
  const name = `gitfleet_clock_${nuid.next()}`;
  const filter = link.subjectOf(bucket, "clock");
  const answer = await apiRequest(link, {
    subject: `CONSUMER.CREATE.${stream}.${name}.${filter}`,
    body: {
      stream_name: stream,
      config: {
        name,
        filter_subject: filter,
        deliver_policy: "new",
        ack_policy: "explicit",
        inactive_threshold: INACTIVE_NS,
        num_replicas: 1,
        mem_storage: true,
      },
    },
    doing: "ask the server for its time",
    signal,
  });
  // It goes by itself, too, a second later.
  link.connection.publish(`${link.options.apiPrefix}.CONSUMER.DELETE.${stream}.${name}`);
  return createdSchema.parse(answer).created;
}
