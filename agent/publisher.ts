/** What the device says over NATS: device-state, device-info and heartbeat, in the words of the wire contract. */
import type { NatsLink } from "#nats/link.ts";
import { createWriter, type Write, type WriteResult, type Writer } from "#nats/writer.ts";
import type { Logger } from "#runtime/logger.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { BUCKETS, heartbeatKey, infoKey, stateKey, type BucketName } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import type { Inventory } from "#schema/wire.ts";
import type { Effect } from "./core/effect.ts";
import type { Event } from "./core/event.ts";
import { DELETED, reportIdentity } from "./core/reports.ts";
import type { METRICS } from "./metrics.ts";
import { Offerer, type Offered } from "#nats/offer.ts";

/** A device has a handful of keys. */
const WINDOW = 64;

/** What the device is, as device-info tells it. */
export interface DeviceFacts {
  readonly device: DeviceId;
  readonly labels: Readonly<Record<string, string>>;
  readonly inventory: Inventory;
}

export type PublishEffect = Extract<Effect, { kind: "publish-state" | "delete-state" | "publish-info" | "heartbeat" }>;

/** Sends one thing and tells what became of it. */
export interface Publisher {
  publish(effect: PublishEffect): Promise<Event>;
  /** From now on there is a connection (which may still go and come). */
  readonly use: (link: NatsLink) => void;
  close(): void;
}

/** Everything a publisher is told besides what to send. */
export interface PublisherOptions {
  readonly facts: DeviceFacts;
  readonly logger: Logger;
  readonly metrics: Metrics<keyof typeof METRICS>;
  /** A bucket had lost all that it was told before: others may have, too. */
  readonly lossNoticed: () => void;
}

/** A publisher without a connection: `use` gives it one. */
export function createPublisher(options: PublisherOptions): Publisher {
  let ways: Ways | null = null;
  const sender = new Sender(options, () => ways);
  return {
    publish: async (effect) => await sender.publish(effect),
    use: (link) => {
      const writer = createWriter(link, { window: WINDOW });
      ways = { writer, offerer: new Offerer(link, writer) };
    },
    close: () => ways?.writer.close(),
  };
}

/** The two ways in which something gets into a bucket. */
interface Ways {
  readonly writer: Writer;
  readonly offerer: Offerer;
}

class Sender {
  readonly #options: PublisherOptions;
  readonly #ways: () => Ways | null;
  /** When each report was first made: offering it again must not make it look new. */
  readonly #since = new Map<DeploymentName, { readonly identity: string; readonly at: string }>();

  constructor(options: PublisherOptions, ways: () => Ways | null) {
    this.#options = options;
    this.#ways = ways;
  }

  async publish(effect: PublishEffect): Promise<Event> {
    switch (effect.kind) {
      case "publish-state":
        return await this.#state(effect);
      case "delete-state":
        return await this.#deletion(effect);
      case "publish-info":
        return await this.#info(effect);
      case "heartbeat":
        return await this.#heartbeat(effect);
    }
  }

  async #state({ deployment, report, mode, epoch }: Effect & { kind: "publish-state" }): Promise<Event> {
    const { device } = this.#options.facts;
    const identity = reportIdentity(report);
    const value = JSON.stringify({
      device_id: device,
      deployment,
      phase: report.phase,
      last_event_at: this.#at(deployment, identity),
      last_error: report.error,
      desired_digest: report.digest,
    });
    const target = { bucket: BUCKETS.deviceState, key: stateKey({ device, deployment }), value };
    return published({ deployment, identity, epoch }, await this.#put("state", target, mode));
  }

  async #deletion({ deployment, epoch }: Effect & { kind: "delete-state" }): Promise<Event> {
    const key = stateKey({ device: this.#options.facts.device, deployment });
    const result = await this.#write("state", { bucket: BUCKETS.deviceState, key, kind: "delete" });
    this.#since.delete(deployment);
    return published({ deployment, identity: DELETED, epoch }, result);
  }

  async #info({ mode, identity, rival, epoch }: Effect & { kind: "publish-info" }): Promise<Event> {
    const { device, labels, inventory } = this.#options.facts;
    const now = wireTime(Date.now());
    const info = { device_id: device, labels, inventory, updated_at: now, ...(rival ? { duplicate_since: now } : {}) };
    if (rival)
      this.#options.logger.warn(
        { device },
        "another agent seems to use this device id; give each device an id of its own",
      );
    const target = { bucket: BUCKETS.deviceInfo, key: infoKey(device), value: JSON.stringify(info) };
    return published({ deployment: null, identity, epoch }, await this.#put("info", target, mode));
  }

  /**
   * A heartbeat expects the agent's own last one before it. Where another stands there, another agent uses this id, or
   * the bucket began anew; it is then written all the same.
   */
  async #heartbeat({ revision }: Effect & { kind: "heartbeat" }): Promise<Event> {
    const { device } = this.#options.facts;
    const target = {
      bucket: BUCKETS.deviceHeartbeat,
      key: heartbeatKey(device),
      value: JSON.stringify({ device_id: device, at: wireTime(Date.now()) }),
    };
    const expected = revision === null ? {} : { expectedRevision: revision };
    const first = await this.#write("heartbeat", { ...target, ...expected });
    const result = first.kind === "conflict" ? await this.#write("heartbeat", target) : first;
    if (result.kind !== "written")
      return { kind: "heartbeat-failed", error: result.kind === "failed" ? result.error.message : "conflict" };
    this.#options.metrics.metric.heartbeatAt.set(Date.now() / 1_000);
    const anew = revision !== null && result.revision <= revision;
    if (anew) this.#options.lossNoticed();
    return { kind: "heartbeat", revision: result.revision, rival: first.kind === "conflict" && !anew };
  }

  async #put(
    kind: string,
    target: { bucket: BucketName; key: string; value: string },
    mode: "put" | "offer",
  ): Promise<WriteResult | Offered> {
    if (mode === "put") return await this.#write(kind, target);
    const result = await this.#connection().offerer.offer(target);
    this.#count(kind, result.kind);
    if (result.kind === "lacked" && !result.marker) this.#options.lossNoticed();
    return result;
  }

  async #write(kind: string, write: Write): Promise<WriteResult> {
    const result = await this.#connection().writer.write(write);
    this.#count(kind, result.kind);
    return result;
  }

  #connection(): Ways {
    const ways = this.#ways();
    if (ways === null) throw new Error("nothing is published before there is a connection");
    return ways;
  }

  #count(kind: string, result: string): void {
    this.#options.metrics.metric.published.add(1, { kind, result });
  }

  #at(deployment: DeploymentName, identity: string): string {
    const known = this.#since.get(deployment);
    if (known?.identity === identity) return known.at;
    const at = wireTime(Date.now());
    this.#since.set(deployment, { identity, at });
    return at;
  }
}

/** What became of a report, as an event. */
function published(
  about: { deployment: DeploymentName | null; identity: string; epoch: number },
  result: WriteResult | Offered,
): Event {
  if (result.kind === "failed")
    return { kind: "publish-failed", deployment: about.deployment, error: result.error.message };
  if (result.kind === "unseen") return { kind: "unseen", deployment: about.deployment, epoch: about.epoch };
  return { kind: "published", ...about, lacked: result.kind === "lacked" };
}
