/** From the webhook of a new pull request until the bot's comment is there, in a large repository with a warm mirror. */
import { join } from "node:path";
import { startGithubModel, type GithubModel } from "#sandbox/github-model/github-model.ts";
import type { UndoStack } from "#sandbox/local-fleet.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import { runCommand } from "#sandbox/run-command.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import { nowMs } from "./bucket-clock.ts";
import { startForgeBot, WARM_LIMIT_MS } from "./forge-bot.ts";
import { summarise, type Summary } from "./statistics.ts";

/** How large, and how often. */
export interface PlanSize {
  readonly deployments: number;
  readonly devices: number;
  readonly rounds: number;
}

/** Milliseconds. */
export interface PlanFigures extends PlanSize {
  readonly gitfleet_ms: Summary;
  /** git fetch, git diff, one POST. */
  readonly by_hand_ms: Summary;
}

/** Starts all it needs, measures, and leaves the removal on `undo`. */
export async function measurePlanComment(size: PlanSize, undo: UndoStack): Promise<PlanFigures> {
  const scratch = scratchFolder("plan");
  undo.add("files", () => scratch.remove());
  const nats = await startNatsServer();
  undo.add("NATS", async () => await nats.remove());
  const github = await startGithubModel();
  undo.add("the forge", async () => await github.stop());
  await github.push({ files: bigFleet(size), message: "Begin" });
  const clone = join(scratch.path, "clone.git");
  await runCommand("git", ["clone", "--quiet", "--bare", github.gitPath, clone]);
  const more = ["--poll-interval", "60s"];
  await startForgeBot(github, { natsUrl: nats.url, folder: scratch.path, undo, more });
  const ours: number[] = [];
  const bare: number[] = [];
  // The first fills the mirror; it does not count.
  for (let round = 0; round <= size.rounds; round += 1) {
    const branch = `change-${round}`;
    const head = await github.push({
      branch,
      files: { "deployments/d0000.yaml": deployment(0, `r.example/app:${round + 2}`) },
    });
    const fromMs = nowMs();
    const { number } = await github.openPullRequest({ head: branch, title: branch });
    await until("the comment is there", () => github.commentsOf(number).length > 0, { limitMs: WARM_LIMIT_MS });
    const tookMs = nowMs() - fromMs;
    const handMs = await byHand(github, { clone, branch, head, number });
    if (round === 0) continue;
    ours.push(tookMs);
    bare.push(handMs);
  }
  return { ...size, gitfleet_ms: summarise(ours), by_hand_ms: summarise(bare) };
}

/** One line for people. */
export function planText({ deployments, devices, rounds, gitfleet_ms: ours, by_hand_ms: bare }: PlanFigures): string {
  const show = ({ median, p90 }: Summary): string => `${median.toFixed(0)} (p90 ${p90.toFixed(0)})`;
  return (
    `webhook → plan comment   gitfleet ${show(ours)}   by hand ${show(bare)}: git fetch + git diff + one POST\n` +
    `${deployments} deployments, ${devices} devices, median of ${rounds} rounds, in milliseconds\n`
  );
}

interface Change {
  readonly clone: string;
  readonly branch: string;
  readonly head: string;
  readonly number: number;
}

async function byHand(github: GithubModel, { clone, branch, head, number }: Change): Promise<number> {
  const fromMs = nowMs();
  await runCommand("git", ["fetch", "--quiet", "origin", `${branch}:${branch}`], { cwd: clone });
  const { stdout } = await runCommand("git", ["diff", "main", head], { cwd: clone });
  const answer = await fetch(`${github.url}/repos/${github.fullName}/issues/${number}/comments`, {
    method: "POST",
    headers: { authorization: `Bearer ${github.token}`, "content-type": "application/json", "user-agent": "bench" },
    body: JSON.stringify({ body: stdout }),
  });
  await answer.arrayBuffer();
  if (answer.status !== 201) throw new Error(`the comment was not taken: ${answer.status}`);
  return nowMs() - fromMs;
}

/** Every device belongs to one deployment's group. */
function bigFleet({ deployments, devices }: PlanSize): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < deployments; index += 1) {
    const mine = Array.from({ length: devices }, (_, at) => at).filter((at) => at % deployments === index);
    files[`deployments/${named("d", index)}.yaml`] = deployment(index, "r.example/app:1");
    if (mine.length > 0) files[`devices/${named("g", index)}.yaml`] = mine.map((at) => device(at, index)).join("---\n");
  }
  return files;
}

function named(letter: string, index: number): string {
  return `${letter}${String(index).padStart(4, "0")}`;
}

function deployment(index: number, image: string): string {
  const score = `  score: {type: PodmanV0, data: {services: [{name: main, image: "${image}"}]}}\n`;
  return `${opening("Deployment", named("d", index))}spec:\n  targetSelector: {matchLabels: {group: ${named("g", index)}}}\n${score}`;
}

function device(at: number, group: number): string {
  return `${opening("Device", `dev-${at}`)}  labels: {group: ${named("g", group)}}\n`;
}

function opening(kind: string, name: string): string {
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n`;
}
