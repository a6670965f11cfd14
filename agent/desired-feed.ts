/** This device's keys of the desired state, as events. Absence says nothing: only a marker removes. */
import { startFeed, type Feed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import type { Logger } from "#runtime/logger.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { BUCKETS, parseDesiredKey } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Event } from "./core/event.ts";
import { intentOf } from "./core/intent.ts";
import type { METRICS } from "./metrics.ts";

/**
 * Devices are many and many are paid by the byte: the server says only this often that the consumer is there. A lost
 * connection and a bucket that is made anew are noticed by other ways, and sooner.
 */
const IDLE_HEARTBEAT_MS = 300_000;

interface Told {
  readonly send: (event: Event) => void;
  readonly logger: Logger;
  readonly metrics: Metrics<keyof typeof METRICS>;
}

/** Follows the keys of `device` until stopped. */
export function followDesiredState(link: NatsLink, device: DeviceId, told: Told): Feed {
  const options = {
    bucket: BUCKETS.desiredState,
    filter: `${device}.>`,
    idleHeartbeatMs: IDLE_HEARTBEAT_MS,
    restricted: true,
  };
  return startFeed(link, options, {
    change: (change) => changed(change, device, told),
    synced: () => {
      told.metrics.metric.followed.set(1);
      told.send({ kind: "resynced" });
    },
    unsynced: (reason) => {
      told.metrics.metric.followed.set(0);
      told.logger.info({ reason }, "the desired state is not followed at present; containers run on");
    },
  });
}

function changed(change: FeedChange, device: DeviceId, { send, logger, metrics }: Told): void {
  const pair = parseDesiredKey(change.key);
  if (pair === null || pair.device !== device) {
    metrics.metric.malformed.add();
    return;
  }
  const { deployment } = pair;
  switch (change.kind) {
    case "put":
      send({ kind: "intent", deployment, intent: intentOf(change.value) });
      return;
    case "delete":
    case "purge":
      send({ kind: "intent", deployment, intent: { kind: "remove" } });
      return;
    case "absent":
      logger.warn({ deployment }, "the desired state of a deployment is gone without a marker; it is kept as it is");
  }
}
