/** Many device states a minute while a merge rolls out: how often the bot commits, and how often it calls the forge. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { connect } from "#cli/nats-session.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { startGithubModel, type GithubModel } from "#sandbox/github-model/github-model.ts";
import { startGitfleet } from "#sandbox/gitfleet-process.ts";
import type { UndoStack } from "#sandbox/local-fleet.ts";
import { startNatsServer } from "#sandbox/nats-server.ts";
import { runCommand } from "#sandbox/run-command.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import { startChattyDevices, type ChattyDevices } from "./chatty-devices.ts";
import { startForgeBot, WARM_LIMIT_MS } from "./forge-bot.ts";

const CHANGES_PER_MINUTE = 10_000;
const CALLS_PER_MINUTE_MAX = 10;
const STATUS_BRANCH = "fleet-status";

/** How large, and for how long. */
export interface TrafficSize {
  readonly devices: number;
  /** All on every device. */
  readonly deployments: number;
  readonly seconds: number;
  /** The fleet's status interval. */
  readonly interval_seconds: number;
}

/** A figure beside its limit. */
export interface Limited {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly met: boolean;
}

export interface TrafficFigures extends TrafficSize {
  readonly state_changes: number;
  readonly rows: readonly Limited[];
  /** By operation, the answers "not modified" included. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of the calls: conditional requests that cost no rate limit. */
  readonly not_modified: number;
  /** Apart from the calls: fetches and pushes over HTTP. */
  readonly git_requests: number;
}

/** Starts all it needs, measures, and leaves the removal on `undo`. */
export async function measureStateTraffic(
  size: TrafficSize,
  undo: UndoStack,
  signal: AbortSignal,
): Promise<TrafficFigures> {
  const scratch = scratchFolder("traffic");
  undo.add("files", () => scratch.remove());
  const nats = await startNatsServer();
  undo.add("NATS", async () => await nats.remove());
  const github = await startGithubModel();
  undo.add("the forge", async () => await github.stop());
  await github.push({ files: fleetFiles(size), message: "Begin" });
  const link = await connect(natsOptionsSchema.parse({ servers: [nats.url] }), signal);
  undo.add("connection", async () => await link.close());
  startReconciler(github, nats.url, scratch.path, undo);
  const devices = startChattyDevices(link);
  undo.add("the devices", async () => await devices.close());
  await startForgeBot(github, { natsUrl: nats.url, folder: scratch.path, undo });
  await beginRollout(github, devices, size);
  const before = await statusHead(github);
  const fromMs = Date.now();
  const perSecond = CHANGES_PER_MINUTE / 60;
  const changes = await devices.chatter({ perSecond, seconds: size.seconds, signal });
  const requests = github.requests.all.filter(({ atMs }) => atMs >= fromMs);
  const calls = requests.filter(({ git }) => !git);
  const commits = await commitsBetween(github, before, await statusHead(github));
  const tookMs = Date.now() - fromMs;
  return {
    ...size,
    state_changes: changes,
    rows: [
      atMost("status commits", commits, Math.floor(tookMs / 1_000 / size.interval_seconds) + 1),
      atMost("API calls a minute", (calls.length * 60_000) / tookMs, CALLS_PER_MINUTE_MAX),
    ],
    calls: countBy(calls.map(({ method, path, operation }) => operation ?? `${method} ${path}`)),
    not_modified: calls.filter(({ status }) => status === 304).length,
    git_requests: requests.length - calls.length,
  };
}

/** A table for people. */
export function trafficText(figures: TrafficFigures): string {
  const { rows, calls, seconds, state_changes: changes } = figures;
  const show = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
  const line = ({ name, value, limit, met }: Limited): string =>
    `${name.padEnd(20)}${show(value).padStart(7)}   limit ${show(limit).padStart(3)}   ${met ? "met" : "missed"}`;
  return [
    ...rows.map(line),
    ...Object.entries(calls).map(([operation, count]) => `${String(count).padStart(27)}   ${operation}`),
    `of these not modified ${figures.not_modified}; git requests ${figures.git_requests}`,
    `${changes} state changes in ${seconds} s, ${figures.devices} devices with ${figures.deployments} deployments each, ` +
      `a status interval of ${figures.interval_seconds} s, one merge rolling out, one pull request open`,
    "",
  ].join("\n");
}

function startReconciler(github: GithubModel, natsUrl: string, folder: string, undo: UndoStack): void {
  const logFolder = join(folder, "logs");
  mkdirSync(logFolder, { recursive: true });
  const from = ["--repo", github.gitPath, "--poll-interval", "500ms", "--listen", "off"];
  const args = ["reconciler", ...from, "--nats", natsUrl];
  const reconciler = startGitfleet({ name: "reconciler", logFolder, args });
  undo.add("the reconciler", async () => await reconciler.stop());
}

/** One merge that does not end, because one device does not say anything about it; and one pull request that is open. */
async function beginRollout(github: GithubModel, devices: ChattyDevices, size: TrafficSize): Promise<void> {
  const pairs = size.devices * size.deployments;
  const limit = { limitMs: WARM_LIMIT_MS };
  await until("everything is wanted", () => devices.wanted(() => true) === pairs, limit);
  await devices.settle(() => false);
  const merged = await openPull(github, "rolls", 2);
  const landed = await github.merge(merged);
  await until("the merge is wanted", () => devices.wanted((text) => text.includes("app:2")) === size.devices, limit);
  await devices.settle(({ device, deployment }) => device === "dev-0" && deployment === "d0");
  await until("the rollout is told", () => hasStatus(github, landed, "gitfleet/rollout"), limit);
  await openPull(github, "waits", 3);
  await until("there are status files", async () => (await statusHead(github)) !== null, limit);
}

/** Resolves with its number when the bot has commented and judged. */
async function openPull(github: GithubModel, branch: string, tag: number): Promise<number> {
  const head = await github.push({ branch, files: { "deployments/d0.yaml": deploymentYaml(0, tag) } });
  const { number } = await github.openPullRequest({ head: branch, title: branch });
  const isThere = (): boolean =>
    github.commentsOf(number).length > 0 &&
    github.statusesOf(head).some(({ context, state }) => context === "gitfleet/validate" && state !== "pending");
  await until(`the bot's answer to ${branch} is there`, isThere, { limitMs: WARM_LIMIT_MS });
  return number;
}

function hasStatus(github: GithubModel, commit: string, context: string): boolean {
  return github.statusesOf(commit).some((status) => status.context === context);
}

async function statusHead(github: GithubModel): Promise<string | null> {
  return await github.head(STATUS_BRANCH);
}

async function commitsBetween(github: GithubModel, before: string | null, after: string | null): Promise<number> {
  const args = ["rev-list", "--count", `${before ?? ""}..${after ?? ""}`];
  const { stdout } = await runCommand("git", args, { cwd: github.gitPath });
  return Number(stdout);
}

function atMost(name: string, value: number, limit: number): Limited {
  return { name, value, limit, met: value <= limit };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function fleetFiles({ devices, deployments, interval_seconds: interval }: TrafficSize): Record<string, string> {
  const files: Record<string, string> = {
    "fleet.yaml": `${opening("Fleet", "traffic")}spec: {status: {interval: ${interval}s}}\n`,
    "devices/all.yaml": Array.from({ length: devices }, (_, at) => opening("Device", `dev-${at}`)).join("---\n"),
  };
  for (let at = 0; at < deployments; at += 1) files[`deployments/d${at}.yaml`] = deploymentYaml(at, 1);
  return files;
}

function deploymentYaml(at: number, tag: number): string {
  const score = `{type: PodmanV0, data: {services: [{name: main, image: "r.example/app:${tag}"}]}}`;
  return `${opening("Deployment", `d${at}`)}spec: {targetSelector: {}, score: ${score}}\n`;
}

function opening(kind: string, name: string): string {
  return `apiVersion: gitfleet.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
}
