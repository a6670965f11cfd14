/** What a device's user may do on NATS, tried so that nothing changes: for checks, before an agent fails at it. */
import { BUCKETS, desiredKey, heartbeatKey, infoKey, stateKey, type BucketName } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { putIf, readKeyDirect } from "./compare-and-set.ts";
import { NatsFailure, toNatsFailure } from "./errors.ts";
import { FeedConsumer } from "./feed-consumer.ts";
import type { NatsLink } from "./link.ts";

/** A right, and why it is missing; null where the device has it. */
export interface TriedRight {
  /** Completes "a device must be able to …". */
  readonly right: string;
  readonly failure: NatsFailure | null;
}

/** Everything that was tried. */
export interface DeviceRights {
  readonly needed: readonly TriedRight[];
  /** True where this user may write the keys of other devices, too. */
  readonly actsForOthers: boolean;
  /** How far the server's clock is ahead of ours; null where it did not say. */
  readonly clockOffsetMs: number | null;
}

/** No bucket ever gets as far, so that a write that expects it is refused: by the bucket, after the permissions. */
const REVISION_NEVER = Number.MAX_SAFE_INTEGER;
const DELIVERY_WITHIN_MS = 3_000;
const IDLE_HEARTBEAT_MS = 500;
const WRITE_WITHIN_MS = 3_000;
/** No deployment of a fleet: nothing is ever written under this name. */
const NO_DEPLOYMENT = "gitfleet-doctor" as DeploymentName;
const OTHER_DEVICE = "gitfleet-doctor" as DeviceId;

/** Tries it all; rejects only where the connection does. */
export async function tryDeviceRights(link: NatsLink, device: DeviceId, signal: AbortSignal): Promise<DeviceRights> {
  const pair = { device, deployment: NO_DEPLOYMENT };
  const follow = await tryToFollow(link, device, signal);
  // The server answers nothing to a direct get from a bucket that is not there.
  const missing = follow.failure?.advice === "wait" ? follow.failure : null;
  const needed: TriedRight[] = [
    { right: "follow its desired state", failure: follow.failure },
    {
      right: "read its desired state",
      failure: missing ?? (await tryToRead(link, BUCKETS.desiredState, desiredKey(pair))),
    },
    { right: "report states", failure: await tryToWrite(link, BUCKETS.deviceState, stateKey(pair)) },
    { right: "report its inventory", failure: await tryToWrite(link, BUCKETS.deviceInfo, infoKey(device)) },
    { right: "say that it is alive", failure: await tryToWrite(link, BUCKETS.deviceHeartbeat, heartbeatKey(device)) },
  ];
  const others = await tryToWrite(link, BUCKETS.deviceHeartbeat, heartbeatKey(OTHER_DEVICE));
  return { needed, actsForOthers: others === null, clockOffsetMs: follow.clockOffsetMs };
}

async function tryToWrite(link: NatsLink, bucket: BucketName, key: string): Promise<NatsFailure | null> {
  const result = await putIf(link, "", { bucket, key, expectedRevision: REVISION_NEVER, timeoutMs: WRITE_WITHIN_MS });
  switch (result.kind) {
    case "conflict":
      return null;
    case "failed":
      return result.error;
    case "written":
      return new NatsFailure(`could not try ${key}: the bucket ${bucket} took a write that it must refuse`, "person");
  }
}

async function tryToRead(link: NatsLink, bucket: BucketName, key: string): Promise<NatsFailure | null> {
  try {
    await readKeyDirect(link, bucket, key);
    return null;
  } catch (error) {
    return toNatsFailure(error, `read ${key}`);
  }
}

/** A consumer, its delivery, and the answers to flow control: all that a feed needs. */
async function tryToFollow(
  link: NatsLink,
  device: DeviceId,
  signal: AbortSignal,
): Promise<{ failure: NatsFailure | null; clockOffsetMs: number | null }> {
  const bucket = BUCKETS.desiredState;
  const { promise: heard, resolve: hear, reject: miss } = Promise.withResolvers<void>();
  const options = {
    bucket,
    filterSubject: link.subjectOf(bucket, `${device}.>`),
    from: { deliver_policy: "last_per_subject" as const },
    idleHeartbeatMs: IDLE_HEARTBEAT_MS,
    signal,
  };
  const lost = (reason: string): void => miss(new NatsFailure(`could not follow ${bucket}: ${reason}`, "person"));
  const consumer = new FeedConsumer(link, options, { message: () => hear(), idle: () => hear(), lost });
  const flowControl = `$JS.FC.${link.streamOf(bucket)}.`;
  const stop = link.onRefusal(({ subject }) => {
    if (subject.startsWith(flowControl)) lost(`the NATS user may not publish to ${flowControl}>, which slows delivery`);
  });
  const late = setTimeout(() => lost("nothing is delivered; may this user subscribe there?"), DELIVERY_WITHIN_MS);
  heard.catch(() => undefined);
  let clockOffsetMs: number | null = null;
  try {
    const askedAtMs = Date.now();
    const { createdAtMs } = await consumer.create();
    const offsetMs = createdAtMs - (askedAtMs + Date.now()) / 2;
    if (!Number.isNaN(offsetMs)) clockOffsetMs = offsetMs;
    // An answer that nobody waits for: only whether it may be given matters.
    link.connection.publish(`${flowControl}gitfleet-doctor.none.none`);
    await link.connection.flush();
    consumer.listen();
    await heard;
    return { failure: null, clockOffsetMs };
  } catch (error) {
    return { failure: toNatsFailure(error, `follow ${bucket}`), clockOffsetMs };
  } finally {
    clearTimeout(late);
    stop();
    consumer.close();
  }
}
