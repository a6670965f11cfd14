/** How far a merged commit is, in the comment of its pull request. */
import type { FailedDevice, Progress, RolloutCounts } from "../core/progress.ts";
import { bar, code, count, short, table } from "./markdown.ts";

const FAILED_SHOWN_MAX = 20;

/** A bar, counts, and the devices that failed. */
export function rolloutSection(commit: string, progress: Progress): string {
  return [`#### Rollout of ${code(short(commit))}: ${title(progress)}`, ...details(progress)].join("\n\n");
}

function title(progress: Progress): string {
  switch (progress.kind) {
    case "waiting":
      return "waiting for the reconciler";
    case "refused":
      return "refused, nothing changed";
    case "held":
      return "held, nothing changed";
    case "rolling":
      return "under way";
    case "done":
      return progress.counts.offline > 0 ? `done, ${progress.counts.offline} offline` : "done";
    case "failed":
      return `${progress.counts.failed} of ${progress.counts.total} failed`;
    case "superseded":
      return `superseded by ${progress.by === null ? "a later commit" : code(short(progress.by))}`;
  }
}

function details(progress: Progress): string[] {
  switch (progress.kind) {
    case "waiting":
      return [];
    case "refused":
      return [code(progress.message, 500), "Fix it with another commit; the fleet stays as it is until then."];
    case "held":
      return [
        code(progress.message, 500),
        `A commit with the trailer \`Gitfleet-Allow-Prune: true\` lets it through; reverting it takes it back.`,
      ];
    case "rolling":
    case "done":
    case "failed":
    case "superseded":
      return [barLine(progress.counts), ...failures(progress.failed, progress.counts)];
  }
}

function barLine(counts: RolloutCounts): string {
  const { total, done } = counts;
  if (total === 0) return "Nothing changes on any device.";
  const percent = Math.floor((done / total) * 100);
  const others = (["failed", "pending", "offline", "superseded", "unverified"] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `, ${counts[kind]} ${kind}`);
  return `\`${bar(done, total)}\` ${percent} %: ${done} of ${total} done${others.join("")}`;
}

function failures(failed: readonly FailedDevice[], counts: RolloutCounts): string[] {
  if (failed.length === 0) return [];
  const rows = failed
    .slice(0, FAILED_SHOWN_MAX)
    .map(({ device, deployment, error }) => [code(device), code(deployment), code(error)]);
  const more = counts.failed > rows.length ? [`_and ${count(counts.failed - rows.length, "more failed device")}_`] : [];
  return [table(["device", "deployment", "error"], rows), ...more];
}

/** The second line of a comment after the merge: what its rollout section is about, and whether it said its last word. */
export function rolloutMark(commit: string, progress: Progress): string {
  const isFinal = progress.kind === "done" || progress.kind === "superseded";
  return `<!-- gitfleet rollout=${commit} ${isFinal ? "final" : "open"} -->`;
}

/** What the second line of a comment says, null before the merge. */
export function rolloutMarkOf(body: string): { readonly commit: string; readonly isFinal: boolean } | null {
  const match = /^<!-- gitfleet rollout=([0-9a-f]{40}) (final|open) -->$/.exec(body.split(/\r?\n/, 2)[1] ?? "");
  return match === null ? null : { commit: match[1] ?? "", isFinal: match[2] === "final" };
}
