/** `gitfleet plan`: what changes between two commits, or between a folder and NATS. */
import { z } from "zod";
import { desiredState, needsReports } from "#fleet/desired.ts";
import { planAgainst, planBetween, type Plan } from "#fleet/plan.ts";
import { planJson, planMarkdown, planText, type Paint as PlanPaint, type PlanCommits } from "#fleet/plan-text.ts";
import { UsageError } from "#runtime/errors.ts";
import { defineCommand } from "../command.ts";
import { folderOf, printWarnings } from "../fleet-folder.ts";
import type { Io } from "../io.ts";
import { liveSetting, natsSettings } from "../nats-settings.ts";
import { NOTHING, PlanSides, type Side } from "../plan-sides.ts";
import { printProblems } from "../problem-text.ts";
import { DIR_ARGUMENT, formatSetting } from "../settings.ts";

const settings = z.object({
  base: z.string().optional().meta({ description: "the commit to begin from (default: HEAD)", placeholder: "REF" }),
  head: z
    .string()
    .optional()
    .meta({ description: "the commit to go to (default: the files as they are in the folder)", placeholder: "REF" }),
  live: liveSetting("plan against what it holds now instead of a commit"),
  format: formatSetting(["text", "json", "markdown"]),
  exitCode: z.boolean().default(false).meta({ description: "end with 1 where anything changes" }),
  ...natsSettings,
});
type Settings = z.output<typeof settings>;

export const command = defineCommand({
  name: "plan",
  summary: "show what changes between two commits, or between a folder and NATS",
  examples: [
    { line: "gitfleet plan", does: "what the changes in this folder would do, against HEAD" },
    { line: "gitfleet plan --base origin/main", does: "what this branch would do" },
    { line: "gitfleet plan --base HEAD~1 --head HEAD", does: "what the last commit did" },
    { line: "gitfleet plan --live", does: "what a reconciler would write to NATS now" },
    { line: "gitfleet plan --base origin/main --exit-code --format markdown", does: "in a pull request's workflow" },
  ],
  arguments: [DIR_ARGUMENT],
  settings,
  notes: [
    "Without --base the files are compared with HEAD; outside of git, or before the first commit, everything is added.\n" +
      "In JSON `head` is the commit whose content the files are exactly, else null. A bare repository has no files: there\n" +
      "--head is HEAD unless given. Nothing is written anywhere.",
  ],
  run: async (input) => {
    const { settings: wanted, args, io } = input;
    if (wanted.live && wanted.base !== undefined) {
      throw new UsageError("--base and --live exclude each other: a plan begins from a commit or from NATS");
    }
    const sides = new PlanSides(folderOf(args[0], io));
    try {
      const head = await headOf(sides, wanted);
      if (!isUsable(head, io)) return 1;
      const planned = wanted.live
        ? await againstNats(head, input)
        : againstCommit(head, await baseOf(sides, wanted), io);
      if (planned === null) return 1;
      print(planned, wanted, io);
      return wanted.exitCode && planned.plan.changes.length > 0 ? 1 : 0;
    } finally {
      await sides.close();
    }
  },
});

interface Planned {
  readonly plan: Plan;
  readonly commits: PlanCommits;
}

async function headOf(sides: PlanSides, { head }: Settings): Promise<Side> {
  if (head !== undefined) return sides.commit(head);
  return sides.hasFiles ? sides.files() : sides.head();
}

async function baseOf(sides: PlanSides, { base }: Settings): Promise<Side> {
  return base === undefined ? sides.head() : sides.commit(base);
}

function againstCommit(head: Side, base: Side, io: Io): Planned | null {
  if (base.problems.length > 0) {
    printProblems(base.problems, base.description, io);
    io.err("  The base is not valid, so nothing can be compared with it: name an earlier --base, or use --live.\n");
    return null;
  }
  io.err(io.paintErr("dim", `from ${base.description} to ${head.description}\n`));
  if (base === NOTHING) io.err("no commit to compare with: everything counts as added\n");
  return { plan: planBetween(base.fleet, head.fleet), commits: { base: base.commit, head: head.commit } };
}

async function againstNats(
  head: Side,
  { settings: { nats }, io, signal }: { settings: Settings; io: Io; signal: AbortSignal },
): Promise<Planned> {
  const { withNats } = await import("../nats-session.ts");
  const { readBucket } = await import("../live/read-bucket.ts");
  const { reportsOf } = await import("../live/reports.ts");
  const { fleet } = head;
  if (fleet === null) throw new UsageError(`${head.description} holds no fleet, so there is nothing to plan`);
  const reports = needsReports(fleet);
  const buckets = reports ? (["desired-state", "device-info"] as const) : (["desired-state"] as const);
  return withNats({ nats, signal, buckets }, async (link) => {
    const values = await readBucket(link, "desired-state", signal);
    const reported = reports ? await reportsOf(link, signal) : undefined;
    if (reported?.size === 0) io.err("no device has reported itself: only declared devices are covered\n");
    const current = new Map([...values].map(([key, value]) => [key, new TextDecoder().decode(value)]));
    io.err(io.paintErr("dim", `from NATS (${values.size} keys) to ${head.description}\n`));
    const plan = planAgainst(current, desiredState(fleet, reported));
    return { plan, commits: { base: null, head: head.commit } };
  });
}

function isUsable(head: Side, io: Io): boolean {
  printWarnings(head.warnings, io);
  if (head.problems.length > 0) printProblems(head.problems, head.description, io);
  return head.problems.length === 0;
}

function print({ plan, commits }: Planned, { format }: Settings, io: Io): void {
  switch (format) {
    case "text":
      io.out(planText(plan, colours(io)));
      break;
    case "json":
      io.out(`${JSON.stringify(planJson(plan, commits))}\n`);
      break;
    case "markdown":
      io.out(planMarkdown(plan));
      break;
  }
}

function colours({ paint }: Io): PlanPaint {
  return {
    add: (text) => paint("green", text),
    update: (text) => paint("yellow", text),
    remove: (text) => paint("red", text),
    dim: (text) => paint("dim", text),
  };
}
