/** The commit statuses that the bot can write, each a pure function of what was found. */
import type { Problem } from "#fleet/problem.ts";
import type { CommitJudgement, PullJudgement } from "../core/judgement.ts";
import type { Progress, RolloutCounts } from "../core/progress.ts";
import { STATUS_DESCRIPTION_MAX, type CommitStatus } from "../forge/forge.ts";
import { count, plain, short } from "./markdown.ts";

/** The names that branch protection asks for. */
export const VALIDATE_CONTEXT = "gitfleet/validate";
export const ROLLOUT_CONTEXT = "gitfleet/rollout";
/** How the description of a rollout begins that nobody looks at any more. */
export const SUPERSEDED = "Superseded by";

type Verdict = Omit<CommitStatus, "context">;

/** `gitfleet/validate` of a commit on the tracked branch. */
export function commitValidateStatus(judgement: CommitJudgement): CommitStatus {
  return status(VALIDATE_CONTEXT, judgement.problemsTotal === 0 ? valid(judgement, "") : invalid(judgement, ""));
}

/** `gitfleet/validate` of a pull request's head: both the head and what merging it would give. */
export function pullValidateStatus({ own, merge }: PullJudgement, branch: string): CommitStatus {
  return status(VALIDATE_CONTEXT, own.problemsTotal > 0 ? invalid(own, "") : mergeVerdict(own, merge, branch));
}

function mergeVerdict(own: CommitJudgement, merge: PullJudgement["merge"], branch: string): Verdict {
  switch (merge.kind) {
    case "judged":
      if (merge.judgement.problemsTotal > 0) return invalid(merge.judgement, `Merged into ${branch}: `);
      return valid(own, `, also merged into ${branch}`);
    case "conflict":
      return {
        state: "pending",
        description: `Valid, but conflicts with ${branch}: resolve that to have the merge judged`,
      };
    case "unknown":
    case "moot":
      return { state: "pending", description: `Valid; waiting to see what merging into ${branch} gives` };
  }
}

function valid({ deployments, devices }: CommitJudgement, where: string): Verdict {
  const what = `${count(deployments, "deployment")}, ${count(devices, "device")}`;
  return { state: "success", description: `Valid${where}: ${what}` };
}

function invalid({ problems, problemsTotal }: CommitJudgement, where: string): Verdict {
  const more = problemsTotal > 1 ? ` (and ${problemsTotal - 1} more)` : "";
  const first = problems[0];
  const text = plain(
    `${where}${first === undefined ? "invalid" : problemText(first)}`,
    STATUS_DESCRIPTION_MAX - more.length,
  );
  return { state: "failure", description: `${text}${more}` };
}

function problemText({ file, line, column, code, message }: Problem): string {
  return `${file}:${line}:${column} ${code}: ${message}`;
}

/** `gitfleet/rollout` of a commit on the tracked branch. `before` is what stands there now. */
export function rolloutStatus(progress: Progress, before: CommitStatus | null): CommitStatus {
  return status(ROLLOUT_CONTEXT, rolloutVerdict(progress, before));
}

function rolloutVerdict(progress: Progress, before: CommitStatus | null): Verdict {
  switch (progress.kind) {
    case "waiting":
      return { state: "pending", description: "Waiting for the reconciler" };
    case "refused":
      return { state: "failure", description: `Refused, nothing changed: ${progress.message}` };
    case "held":
      return { state: "failure", description: `Held, nothing changed: ${progress.message}` };
    case "rolling":
      return { state: "pending", description: `${reached(progress.counts)}${trouble(progress.counts)}` };
    case "done":
      return { state: "success", description: `${doneText(progress.counts)}${remarks(progress.counts)}` };
    case "failed": {
      const first = progress.failed[0];
      const which = first === undefined ? "" : `: ${first.device} ${first.deployment}: ${first.error}`;
      return { state: "failure", description: `${progress.counts.failed} of ${progress.counts.total} failed${which}` };
    }
    case "superseded":
      // What had failed stays red: a later commit does not make it a success.
      return {
        state: before?.state === "failure" ? "failure" : "error",
        description: supersededText(progress.by, progress.counts),
      };
  }
}

function supersededText(by: string | null, counts: RolloutCounts): string {
  const reach = counts.total === 0 ? "" : ` after ${reached(counts)}`;
  return `${SUPERSEDED} ${by === null ? "a later commit" : short(by)}${reach}`;
}

function reached({ done, total }: RolloutCounts): string {
  return `${done} of ${total} done`;
}

function doneText({ done, total }: RolloutCounts): string {
  if (total === 0) return "Nothing changes on any device";
  return done === total ? `All ${total} done` : `${done} of ${total} done`;
}

function trouble(counts: RolloutCounts): string {
  return `${counts.failed > 0 ? `, ${counts.failed} failed` : ""}${remarks(counts)}`;
}

function remarks({ offline, unverified }: RolloutCounts): string {
  return `${offline > 0 ? `, ${offline} offline` : ""}${unverified > 0 ? `, ${unverified} unverified` : ""}`;
}

/** True where a rollout status says its last word: nobody looks at the commit again. */
export function isFinalRollout({ state, description }: CommitStatus): boolean {
  return state === "success" || description.startsWith(SUPERSEDED);
}

function status(context: string, { state, description }: Verdict): CommitStatus {
  return { context, state, description: plain(description, STATUS_DESCRIPTION_MAX) };
}
