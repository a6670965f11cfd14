/** Writes down what was seen. No decisions: those look at the state alone. */
import type { Event, FollowedBucket } from "./event.ts";
import { observeKeys, observeStates, observeWritesDone, observeWritten } from "./observe-keys.ts";
import { compareSome, observeForgotten, observeInfos, retargetAll, targetFor } from "./observe-targets.ts";
import type { State } from "./state.ts";

/** No more commits are kept than can matter: head, applied, an approved one, and the one before. */
const COMMITS_MAX = 4;

export function observe(state: State, event: Event, nowMs: number): State {
  state.version += 1;
  switch (event.kind) {
    case "head":
      observeHead(state, event.commit);
      state.git.answeredAtMs = nowMs;
      planPoll(state, nowMs, event.nextPollInMs);
      break;
    case "head-unreadable":
      state.git.asked = true;
      state.git.trouble = { reason: event.reason, message: event.message };
      if (state.git.askedAsWriter === "asking") state.git.askedAsWriter = "no";
      planPoll(state, nowMs, event.nextPollInMs);
      state.counts.polls += 1;
      state.counts.pollsFailed += 1;
      break;
    case "poll-wanted":
      state.git.pollWanted = true;
      state.git.nextPollAtMs = nowMs;
      break;
    case "poll-started":
      state.git.pollWanted = false;
      if (state.leaseHeld && state.git.askedAsWriter === "no") state.git.askedAsWriter = "asking";
      break;
    case "commit":
      observeCommit(state, event);
      break;
    case "commit-unreadable":
      state.unreadable.set(event.commit, { ...event, retryAtMs: nowMs + event.retryInMs });
      break;
    case "approval":
      state.approval = { ...event, message: "", retryAtMs: Number.POSITIVE_INFINITY };
      break;
    case "approval-unknown":
      state.approval = { ...event, commit: undefined, retryAtMs: nowMs + event.retryInMs };
      break;
    case "keys":
      observeKeys(state, event.changes, nowMs);
      break;
    case "states":
      observeStates(state, event.changes, nowMs);
      break;
    case "infos":
      observeInfos(state, event.changes, nowMs);
      break;
    case "record":
      observeRecord(state, event);
      break;
    case "synced":
      state.synced[event.bucket] = true;
      delete state.unsyncedReason[event.bucket];
      if (event.bucket === "desired-state") state.isFeedHeld = false;
      compareSome(state);
      break;
    case "unsynced":
      state.synced[event.bucket] = false;
      state.unsyncedReason[event.bucket] = event.reason;
      doubtAcknowledged(state, event.bucket);
      state.bucketsRetryAtMs = Math.min(state.bucketsRetryAtMs, nowMs);
      break;
    case "lease":
      if (state.leaseHeld !== event.held) state.git.askedAsWriter = "no";
      state.leaseHeld = event.held;
      state.leaseReason = event.reason;
      break;
    case "buckets-ensured":
      state.bucketsTrouble = null;
      state.bucketsRetryAtMs = nowMs + BUCKETS_AGAIN_MS;
      break;
    case "buckets-missing":
      state.bucketsTrouble = event.message;
      state.bucketsRetryAtMs = nowMs + event.retryInMs;
      break;
    case "writes-started":
      state.isWriting = true;
      break;
    case "feed-held":
      state.isFeedHeld = true;
      break;
    case "written":
      observeWritten(state, event, nowMs);
      break;
    case "writes-done":
      observeWritesDone(state, event, nowMs);
      break;
    case "forgotten":
      observeForgotten(state, event.bucket);
      break;
    case "record-failed":
      state.recordRetryAtMs = nowMs + event.retryInMs;
      break;
    case "rebuild":
      retargetAll(state);
      compareSome(state);
      break;
    case "compare":
      compareSome(state);
      break;
  }
  return state;
}

/** While a bucket is not caught up, it may be gone: looked after again this often. */
const BUCKETS_AGAIN_MS = 1_000;

/** A poll that was wished for while another was under way follows this soon. */
const POLL_AGAIN_MS = 1_000;

function planPoll(state: State, nowMs: number, nextPollInMs: number): void {
  state.git.nextPollAtMs = nowMs + (state.git.pollWanted ? Math.min(nextPollInMs, POLL_AGAIN_MS) : nextPollInMs);
}

// A bucket that was lost may come back as another one, with revisions that begin anew.
function doubtAcknowledged(state: State, bucket: FollowedBucket): void {
  if (bucket === "desired-state") {
    state.epoch += 1;
    state.isFeedHeld = false;
  }
  if (bucket === "fleet") state.recordAhead = null;
}

function observeHead(state: State, commit: string): void {
  state.git.asked = true;
  state.git.trouble = null;
  if (state.git.askedAsWriter === "asking") state.git.askedAsWriter = "yes";
  state.counts.polls += 1;
  if (state.git.head === commit) return;
  state.git.head = commit;
  // A commit that could not be read a moment ago is asked for again when it comes up anew.
  state.unreadable.delete(commit);
}

function observeCommit(state: State, { commit, reading }: Extract<Event, { kind: "commit" }>): void {
  state.unreadable.delete(commit);
  if (reading.fleet !== null) {
    const target = targetFor(state, commit, reading.fleet);
    state.commits.delete(commit);
    state.commits.set(commit, { kind: "valid", target });
    compareSome(state);
  } else {
    const first = reading.problems[0];
    const where = first === undefined ? "" : `${first.file}:${first.line}:${first.column}: ${first.message}`;
    const more = reading.problems.length > 1 ? ` (and ${reading.problems.length - 1} more)` : "";
    state.commits.delete(commit);
    state.commits.set(commit, { kind: "invalid", problems: reading.problems.length, message: `${where}${more}` });
  }
  forgetCommits(state);
}

function forgetCommits(state: State): void {
  const kept = new Set([state.git.head, state.record?.applied, state.record?.applying, state.approval?.commit]);
  for (const commit of state.commits.keys()) {
    if (state.commits.size <= COMMITS_MAX) return;
    if (!kept.has(commit)) state.commits.delete(commit);
  }
}

// A record that vanished is written again from memory: what is applied did not change by that.
function observeRecord(state: State, { record, revision, own }: Extract<Event, { kind: "record" }>): void {
  if (own) state.recordAhead = revision;
  else if (state.recordAhead !== null && revision !== 0) {
    if (revision < state.recordAhead) return;
    state.recordAhead = null;
  }
  state.recordRevision = revision;
  state.recordThere = record !== null;
  if (record === null) return;
  if (own && record.applied !== state.record?.applied) state.counts.applied += 1;
  state.record = record;
}
