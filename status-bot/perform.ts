/** Does what the core decided, one adapter call or a few, and says what was seen. Failures come back as events. */
import { GitError } from "#git/git-error.ts";
import { errorText } from "#runtime/errors.ts";
import { inSlices } from "#runtime/in-slices.ts";
import type { Logger } from "#runtime/logger.ts";
import type { Fleet } from "#fleet/fleet.ts";
import type { GitSource } from "#git/source.ts";
import type { StatusBranch } from "./branch/status-branch.ts";
import type { CommitReading, Commits } from "./commits/commits.ts";
import type { BotEvent, CommitFinding, Failure, Place } from "./core/events.ts";
import type { MergeJudgement, PullJudgement } from "./core/judgement.ts";
import { planReport } from "./core/plan-report.ts";
import type { BotEffect } from "./core/planned-effects.ts";
import { scopeOf } from "./core/scope.ts";
import type { StatusFiles } from "./core/status-files.ts";
import type { Forge, ForgeCommit, MergeResult, PullRequest } from "./forge/forge.ts";
import { ForgeError } from "./forge/forge-error.ts";
import { commentMarker } from "./texts/pull-comment.ts";
import type { BotMetrics } from "./metrics.ts";

/** What effects are done with. */
export interface PerformParts {
  readonly branch: string;
  readonly folder: string;
  /** Null without a forge. */
  readonly forge: Forge | null;
  readonly source: GitSource;
  readonly commits: Commits;
  readonly statusBranch: StatusBranch;
  readonly files: StatusFiles;
  readonly metrics: BotMetrics;
  readonly logger: Logger;
  readonly random: () => number;
}

/** One effect, done. Never rejects. */
export function performer(parts: PerformParts): (effect: BotEffect, signal: AbortSignal) => Promise<BotEvent | null> {
  return async (effect, signal) => {
    try {
      const event = await perform(parts, effect, signal);
      parts.metrics.effects.add(1, { effect: effect.kind });
      parts.metrics.succeededAt.set(Date.now() / 1_000, { effect: effect.kind });
      return event;
    } catch (error) {
      if (signal.aborted) return null;
      const failure = failureOf(effect, error, parts.random());
      parts.metrics.failures.add(1, { effect: effect.kind, place: failure.place ?? "one" });
      const { kind, retryAfterMs } = { ...failure, kind: effect.kind };
      const hint = (error as { hint?: string }).hint;
      parts.logger.warn(
        { effect: kind, reason: failure.message, hint, retryAfterMs, err: bugOf(error) },
        "it did not work, trying again later",
      );
      return failure;
    }
  };
}

// Errors of the world are told in one line; a stack is for mistakes of this program.
function bugOf(error: unknown): unknown {
  return error instanceof TypeError || error instanceof RangeError ? error : undefined;
}

function failureOf(effect: BotEffect, error: unknown, chance: number): Failure {
  const retryAfterMs = error instanceof ForgeError ? error.retryAfterMs : null;
  return { kind: "failed", effect, place: placeOf(effect, error), retryAfterMs, chance, message: errorText(error) };
}

function placeOf(effect: BotEffect, error: unknown): Place | null {
  if (effect.kind === "publish") return "status-branch";
  if (error instanceof ForgeError) return error.advice === "wait" ? "forge" : null;
  // A commit that is not there (any more) is that commit's trouble alone.
  if (error instanceof GitError) return error.kind === "commit-missing" ? null : "git";
  return null;
}

async function perform(parts: PerformParts, effect: BotEffect, signal: AbortSignal): Promise<BotEvent> {
  switch (effect.kind) {
    case "look":
      return look(parts, effect, signal);
    case "judge-pull":
      return { kind: "pull-judged", judgement: await judgePull(parts, effect, signal) };
    case "judge-commit":
      return { kind: "commit-judged", commit: effect.commit, ...(await judgeCommit(parts, effect, signal)) };
    case "publish":
      return publish(parts, effect, signal);
    case "read-pull": {
      const { number, updatedAt } = effect.pull;
      const comments = await forgeOf(parts).reader.ownComments(number, commentMarker(parts.branch, parts.folder));
      return { kind: "pull-read", pull: number, updatedAt, comments };
    }
    case "read-commit": {
      const { reader, canAnnotate } = forgeOf(parts);
      const statuses = await reader.statuses(effect.commit);
      const annotationsId = canAnnotate ? await reader.annotationsId(effect.commit) : null;
      return { kind: "commit-read", commit: effect.commit, statuses, annotationsId };
    }
    case "set-status":
    case "annotate":
    case "create-comment":
    case "edit-comment":
    case "delete-comment":
      return write(parts, effect);
  }
}

type Doing<K extends BotEffect["kind"]> = Extract<BotEffect, { kind: K }>;

function forgeOf({ forge }: PerformParts): Forge {
  if (forge === null) throw new TypeError("this effect needs a forge");
  return forge;
}

async function write(
  parts: PerformParts,
  effect: Doing<"set-status" | "annotate" | "create-comment" | "edit-comment" | "delete-comment">,
): Promise<BotEvent> {
  const { writer } = forgeOf(parts);
  switch (effect.kind) {
    case "set-status":
      await writer.setStatus(effect.commit, effect.status);
      return { kind: "status-set", commit: effect.commit, status: effect.status };
    case "annotate":
      await writer.annotate(effect.commit, effect.annotations);
      return { kind: "annotated", commit: effect.commit, id: effect.annotations.id };
    case "create-comment": {
      const comment = await writer.createComment(effect.pull, effect.body);
      return { kind: "comment-written", pull: effect.pull, comment, created: true };
    }
    case "edit-comment": {
      const comment = await writer.editComment(effect.pull, effect.id, effect.body);
      return { kind: "comment-written", pull: effect.pull, comment, created: false };
    }
    case "delete-comment":
      await writer.deleteComment(effect.pull, effect.id);
      return { kind: "comment-deleted", pull: effect.pull, id: effect.id };
  }
}

async function look(
  { forge, source, branch }: PerformParts,
  { head: known, wakes }: Doing<"look">,
  signal: AbortSignal,
): Promise<BotEvent> {
  // Before the pull requests: the one that brought this head is then among them.
  const head = await source.head(branch, signal);
  const [open, merged] = forge === null ? [[], []] : await pulls(forge, branch);
  const line = head === known ? null : await firstParents(forge, head);
  return { kind: "looked", open, merged, head, line, wakes };
}

function pulls({ reader }: Forge, branch: string): Promise<[readonly PullRequest[], readonly PullRequest[]]> {
  return Promise.all([reader.openPulls(branch), reader.mergedPulls(branch)]);
}

async function firstParents(forge: Forge | null, head: string): Promise<ForgeCommit[]> {
  if (forge === null) return [{ id: head, parents: [] }];
  const commits = new Map((await forge.reader.commitsBelow(head)).map((commit) => [commit.id, commit]));
  const line: ForgeCommit[] = [];
  for (let at = commits.get(head); at !== undefined; at = commits.get(at.parents[0] ?? "")) line.push(at);
  if (line.length === 0) throw new ForgeError("the forge does not know the head of the branch yet", { advice: "wait" });
  return line;
}

async function judgePull(
  parts: PerformParts,
  { pull, baseTip }: Doing<"judge-pull">,
  signal: AbortSignal,
): Promise<PullJudgement> {
  const { reader } = forgeOf(parts);
  // The forge is asked while git is read: people wait for this comment.
  const [head, mergeBase, result] = await Promise.all([
    parts.commits.read(pull.head, signal),
    reader.mergeBase(baseTip, pull.head),
    reader.mergeResult(pull.number),
  ]);
  const base = mergeBase === null ? null : await parts.commits.read(mergeBase, signal);
  const merge = head.fleet === null ? MOOT : await judgeMerge(parts, { pull, baseTip, result }, signal);
  return judgementOf({ pull, baseTip, mergeBase, base, head, merge });
}

const MOOT: MergeJudgement = { kind: "moot" };

function judgementOf(parts: {
  readonly pull: PullRequest;
  readonly baseTip: string;
  readonly mergeBase: string | null;
  readonly base: CommitReading | null;
  readonly head: CommitReading;
  readonly merge: MergeJudgement;
}): PullJudgement {
  const { pull, baseTip, mergeBase, base, head, merge } = parts;
  const baseInvalid = base !== null && base.fleet === null;
  return {
    pull: pull.number,
    head: pull.head,
    mergeBase,
    baseTip,
    own: head.judgement,
    merge,
    plan: head.fleet === null ? null : planReport(base?.fleet ?? null, head.fleet, { baseInvalid }),
  };
}

async function judgeMerge(
  { commits }: PerformParts,
  { pull, baseTip, result }: { readonly pull: PullRequest; readonly baseTip: string; readonly result: MergeResult },
  signal: AbortSignal,
): Promise<MergeJudgement> {
  if (result.kind !== "clean") return result;
  const merged = await commits.read(result.commit, signal);
  // An older answer, from before the branch or the pull request moved.
  const isCurrent = merged.parents.includes(baseTip) && merged.parents.includes(pull.head);
  return isCurrent ? { kind: "judged", judgement: merged.judgement } : { kind: "unknown" };
}

async function judgeCommit(
  parts: PerformParts,
  { commit, base, pull }: Doing<"judge-commit">,
  signal: AbortSignal,
): Promise<CommitFinding> {
  const { commits, forge } = parts;
  const { fleet, judgement, parents } = await commits.read(commit, signal);
  const beforeId = pull === null ? (base ?? parents[0] ?? null) : (parents[0] ?? null);
  const before = beforeId === null ? null : (await commits.read(beforeId, signal)).fleet;
  const promised =
    pull === null || forge === null ? null : await judgeMerged(parts, { pull, beforeId, commit }, signal);
  const settings = fleet === null ? null : settingsOf(fleet);
  const scope = fleet === null ? null : scopeOf({ commit, before, fleet, pull: promised?.fleets ?? null });
  return { judgement, scope, settings, pullNumber: pull?.number ?? null, pull: promised?.judgement ?? null };
}

function settingsOf({ settings }: Fleet): CommitFinding["settings"] {
  return { branch: settings.statusBranch, intervalMs: settings.statusIntervalMs };
}

// What the comment said before the merge, from the same two commits: after a restart it is the same text.
async function judgeMerged(
  parts: PerformParts,
  { pull, beforeId, commit }: { readonly pull: PullRequest; readonly beforeId: string | null; readonly commit: string },
  signal: AbortSignal,
): Promise<{ judgement: PullJudgement; fleets: { base: Fleet | null; head: Fleet } | null }> {
  const baseTip = beforeId ?? commit;
  const head = await parts.commits.read(pull.head, signal);
  const mergeBase = await forgeOf(parts).reader.mergeBase(baseTip, pull.head);
  const base = mergeBase === null ? null : await parts.commits.read(mergeBase, signal);
  const judgement = judgementOf({ pull, baseTip, mergeBase, base, head, merge: MOOT });
  return { judgement, fleets: head.fleet === null ? null : { base: base?.fleet ?? null, head: head.fleet } };
}

async function publish(
  { statusBranch, files, logger, metrics }: PerformParts,
  { branch, intervalMs, version }: Doing<"publish">,
  signal: AbortSignal,
): Promise<BotEvent> {
  await inSlices(files.update(), { signal });
  const result = await statusBranch.publish(files, { branch, intervalMs }, signal);
  switch (result.kind) {
    case "written":
      metrics.statusCommits.add();
      logger.info({ branch, commit: result.commit, files: result.files }, "wrote status files");
      return { kind: "published", version, waitMs: intervalMs };
    case "unchanged":
      return { kind: "published", version, waitMs: Math.min(intervalMs, UNCHANGED_REST_MS) };
    case "early":
      return { kind: "published", version: -1, waitMs: result.waitMs };
  }
}

/** After a look that found nothing of substance: the next change is looked at this much later at the earliest. */
const UNCHANGED_REST_MS = 5_000;
