/** The one comment on a pull request: what it would do before the merge, how far it is afterwards. */
import { markdownText } from "#fleet/escape.ts";
import type { PlanReport, PullJudgement } from "../core/judgement.ts";
import type { Progress } from "../core/progress.ts";
import { COMMENT_MAX_BYTES, type ForgeLinks } from "../forge/forge.ts";
import { changeSection } from "./change-section.ts";
import { fitSections, type Section } from "./fit.ts";
import { code, count, names, oneLine, short, table } from "./markdown.ts";
import { problemsSection } from "./problems-section.ts";
import { rolloutMark, rolloutSection } from "./rollout-section.ts";

/** What a comment is made of. */
export interface PullCommentParts {
  /** The first line: how the comment is found again. */
  readonly marker: string;
  readonly branch: string;
  readonly judgement: PullJudgement;
  /** The merge commit and how far it is; null before the merge. */
  readonly rollout: { readonly commit: string; readonly progress: Progress } | null;
  readonly links: ForgeLinks;
  /** Folder of the fleet within the repository, `""` for its root. */
  readonly folder: string;
}

/** A deployment table longer than this is a list that nobody reads. */
const ROWS_MAX = 100;
const NAMES_MAX = 20;
const WARNINGS_MAX = 10;

/** How the bot's comment begins. It stands alone in the first line, where no text of others can be. */
export function commentMarker(branch: string, folder: string): string {
  return `<!-- gitfleet pull-request branch=${JSON.stringify(branch)} folder=${JSON.stringify(folder)} -->`;
}

/** The comment; the same commits give the same text until the merge. */
export function pullComment(parts: PullCommentParts): string {
  const { judgement, rollout, branch } = parts;
  const title = `### gitfleet: ${headline(judgement, branch)}`;
  const mark = rollout === null ? [] : [rolloutMark(rollout.commit, rollout.progress)];
  const head = [parts.marker, ...mark, title, commitsLine(judgement)].join("\n");
  return fitSections(
    head,
    [...(rollout === null ? [] : [rolloutPart(rollout)]), ...planSections(parts)],
    COMMENT_MAX_BYTES,
  );
}

function rolloutPart({ commit, progress }: NonNullable<PullCommentParts["rollout"]>): Section {
  return { name: "rollout", text: rolloutSection(commit, progress) };
}

function headline({ own, plan, merge }: PullJudgement, branch: string): string {
  if (own.problemsTotal > 0) return `invalid, ${count(own.problemsTotal, "problem")}`;
  if (merge.kind === "judged" && merge.judgement.problemsTotal > 0) {
    return `invalid once merged into ${code(branch)}, ${count(merge.judgement.problemsTotal, "problem")}`;
  }
  return plan === null ? "valid" : planHeadline(plan);
}

/** `12 of 340 devices change: 9 updated, 2 added, 1 removed`. */
export function planHeadline({ changedDevices, devices, updated, added, removed }: PlanReport): string {
  if (changedDevices === 0) return `no device changes (${count(devices, "device")})`;
  const verb = changedDevices === 1 ? "changes" : "change";
  return `${changedDevices} of ${count(devices, "device")} ${verb}: ${updated} updated, ${added} added, ${removed} removed`;
}

function commitsLine({ head, mergeBase }: PullJudgement): string {
  const base = mergeBase === null ? "nothing (no common commit)" : code(short(mergeBase));
  return `Commit ${code(short(head))} compared with ${base}, desired state against desired state.`;
}

function planSections(parts: PullCommentParts): Section[] {
  const { judgement, branch, links, folder } = parts;
  const place = { links, folder };
  const sections: Section[] = [];
  const push = (name: string, text: string | null): void => {
    if (text !== null) sections.push({ name, text });
  };
  push("list of problems", problemsSection("Problems", judgement.own, place));
  const { merge, plan } = judgement;
  if (merge.kind === "judged")
    push("list of problems", problemsSection(`Problems once merged into ${code(branch)}`, merge.judgement, place));
  if (merge.kind === "conflict")
    push("note", `⚠️ It conflicts with ${code(branch)}: resolve that to have the merge judged.`);
  if (plan === null) return sections;
  push("warning", warnings(plan));
  push("table of deployments", rowsTable(plan));
  for (const change of plan.changes) push("change", changeSection(change));
  return sections;
}

/** What a reviewer must not overlook, on top of everything else. */
function warnings(plan: PlanReport): string | null {
  const lines = [
    plan.held === null ? null : `⛔ **It would be held**: ${plan.held}.`,
    removals(plan),
    ...selectorLines(plan),
    plan.baseInvalid ? "⚠️ The commit it is compared with is invalid itself: everything counts as added." : null,
    ...plan.warnings.slice(0, WARNINGS_MAX).map((warning) => `ℹ️ ${markdownText(oneLine(warning, 500))}`),
    plan.warnings.length > WARNINGS_MAX ? `ℹ️ and ${plan.warnings.length - WARNINGS_MAX} more warnings` : null,
  ];
  const shown = lines.filter((line) => line !== null);
  return shown.length === 0 ? null : shown.map((line) => `- ${line}`).join("\n");
}

function removals({ removed, rows }: PlanReport): string | null {
  const from = rows.filter((row) => row.removed > 0).map((row) => row.deployment);
  if (removed === 0) return null;
  return `🗑️ **${count(removed, "removal")}**: ${names(from, NAMES_MAX)} ${from.length === 1 ? "stops" : "stop"} there, containers included.`;
}

function selectorLines({ selectors }: PlanReport): string[] {
  const nothing = selectors.filter(({ matches }) => matches === "nothing").map(({ deployment }) => deployment);
  const everything = selectors.filter(({ matches }) => matches === "everything");
  const lines: string[] = [];
  if (nothing.length > 0) lines.push(`⚠️ No device is selected by ${names(nothing, NAMES_MAX)}.`);
  if (everything.length > 0) {
    const all = names(
      everything.map(({ deployment }) => deployment),
      NAMES_MAX,
    );
    lines.push(`⚠️ Every device (${everything[0]?.devices ?? 0}) is selected by ${all}.`);
  }
  return lines;
}

function rowsTable({ rows }: PlanReport): string | null {
  if (rows.length === 0) return null;
  const cells = rows
    .slice(0, ROWS_MAX)
    .map((row) => [code(row.deployment), String(row.updated), String(row.added), String(row.removed)]);
  const more = rows.length > ROWS_MAX ? `\n\n_and ${count(rows.length - ROWS_MAX, "more deployment")}_` : "";
  return `${table(["deployment", " updated", " added", " removed"], cells)}${more}`;
}
