/** Compares now and then what a feed knows with what the server counts: a purge leaves no marker, so nothing else tells. */
import type { BucketName } from "#schema/keys.ts";
import type { FeedPosition } from "./feed-position.ts";
import type { NatsLink } from "./link.ts";
import { streamInfo, type StreamInfo } from "./stream-info.ts";
import { WHOLE } from "./subjects.ts";

const AUDIT_MS = 3_000;
/** Replays because of purged markers may take up this part of the time at most. */
const REPLAY_SHARE_MAX = 0.01;

/** What is compared, and what to do when it differs. */
export interface AuditOptions {
  readonly bucket: BucketName;
  readonly filter: string;
  readonly auditMs: number | undefined;
  readonly position: FeedPosition;
  readonly streamCreated: string;
  readonly signal: AbortSignal;
  /** The last stream sequence that is handled; null while catching up. */
  readonly reachedSeq: () => number | null;
  /** Begin at the beginning, for this reason. */
  readonly replay: (reason: string) => void;
}

/** Begins the comparisons (whole buckets only); returns what ends them. */
export function startAudit(link: NatsLink, options: AuditOptions): () => void {
  if (options.filter !== WHOLE) return () => {};
  const startedMs = performance.now();
  let asking = false;
  const timer = setInterval(() => {
    if (asking || options.reachedSeq() === null) return;
    asking = true;
    void audit(link, options, performance.now() - startedMs).finally(() => {
      asking = false;
    });
  }, options.auditMs ?? AUDIT_MS);
  return () => clearInterval(timer);
}

async function audit(link: NatsLink, options: AuditOptions, ageMs: number): Promise<void> {
  try {
    const info = await streamInfo(link, options.bucket, options.signal);
    const reason = info === null ? null : reasonToReplay(info, options, ageMs);
    if (reason !== null) options.replay(reason);
  } catch {
    // No answer: the heartbeats notice what matters, and the next comparison is soon.
  }
}

function reasonToReplay(info: StreamInfo, options: AuditOptions, ageMs: number): string | null {
  const { known, replayTookMs } = options.position;
  if (info.created !== options.streamCreated) return "the bucket was re-created";
  // While changes are on their way the two numbers belong to different moments.
  if (info.state.last_seq !== options.reachedSeq()) return null;
  const onServer = info.state.num_subjects;
  if (onServer < known.puts) return "keys are gone from the bucket without a marker";
  // Most likely only markers were purged, which is as it should be: no reason to hurry.
  const mayReplay = ageMs * REPLAY_SHARE_MAX > replayTookMs;
  return onServer !== known.size && mayReplay ? "the bucket holds other keys than were delivered" : null;
}
