/** Row 11: one deployment's status changed: a commit on the status branch, beside ten thousand files that stay. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { finished } from "#fleet/steps.ts";
import { openSource } from "#git/open-source.ts";
import { httpReceivePack } from "#git/receive-pack.ts";
import { inSlices } from "#runtime/in-slices.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { StatusBranch } from "#status-bot/branch/status-branch.ts";
import { interleaved, timed } from "../interleaved.ts";
import { LoopDelay } from "../loop-delay.ts";
import { figure, type Row, type RowContext } from "../row.ts";
import { nativeGit, startServer } from "../served-repository.ts";
import { StatusFleet } from "../status-fleet.ts";

const TARGET = 1;
const DEPLOYMENTS = 10_000;
const QUICK_DEPLOYMENTS = 1_000;
/** Deployments far from one another change in turn. */
const STRIDE = 379;
const BRANCH = "fleet-status";
/** Git commits to a branch of its own, so that neither has to look again at what the other pushed. */
const NATIVE_BRANCH = "native-status";

export const statusCommitRow: Row = {
  row: 11,
  what: "status commit of one changed deployment, existing branch",
  limitIs: "`git fast-import` + `git push` of the same files",
  async *measure(context) {
    const deployments = context.quick ? QUICK_DEPLOYMENTS : DEPLOYMENTS;
    const { url, repository, folder } = await emptyRepository(context);
    const publish = await publisher(deployments, url, context);
    context.say(`the first commit of ${deployments} files`);
    await publish(null);
    const clone = join(folder, "clone.git");
    await nativeGit(["branch", NATIVE_BRANCH, BRANCH], repository);
    await nativeGit(["clone", "--quiet", "--bare", "--branch", NATIVE_BRANCH, url, clone], folder);
    const shadow = new StatusFleet(deployments);
    shadow.files.settled();
    const delay = new LoopDelay();
    const { ours: value, limit } = await interleaved(
      async (round) => await delay.during(async () => await timed(async () => await publish(round * STRIDE))),
      async (round) => {
        const files = changedFiles(shadow, round * STRIDE);
        return await timed(async () => await commitAndPush(clone, files));
      },
    );
    await checkEqual(repository);
    yield figure({
      row: 11,
      what: statusCommitRow.what,
      size: `${deployments} files`,
      unit: "ms",
      value,
      limit,
      target: TARGET,
      loop_delay_p99_ms: delay.p99Ms,
    });
  },
};

async function emptyRepository({ undo }: RowContext): Promise<{ url: string; repository: string; folder: string }> {
  const folder = scratchFolder("bench-status");
  undo.add(folder.path, () => folder.remove());
  const repository = join(folder.path, "fleet.git");
  await nativeGit(["init", "--quiet", "--bare", "--initial-branch=main", repository], folder.path);
  const url = await startServer(folder.path, undo);
  return { url: `${url}/fleet.git`, repository, folder: folder.path };
}

/** As the bot does it: from the change of a device to the pushed commit. Null for what is there from the beginning. */
async function publisher(
  deployments: number,
  url: string,
  { undo, signal }: RowContext,
): Promise<(failing: number | null) => Promise<void>> {
  const fleet = new StatusFleet(deployments);
  const source = await openSource({ repo: url });
  undo.add("the source", async () => await source.close());
  const branch = new StatusBranch({ source, receivePack: httpReceivePack({ url, authorization: async () => null }) });
  return async (failing) => {
    if (failing !== null) fleet.reports(failing, "Failed");
    await inSlices(fleet.files.update(), { signal });
    const { kind } = await branch.publish(fleet.files, { branch: BRANCH, intervalMs: 0 }, signal);
    if (kind !== "written") throw new Error(`the status commit was ${kind}`);
  };
}

/** What the same change makes of the files: one deployment's, and those that sum up the fleet. */
function changedFiles(fleet: StatusFleet, failing: number): Map<string, string> {
  const { files } = fleet;
  fleet.reports(failing, "Failed");
  finished(files.update());
  const changed = new Map([...files.pending()].map((path) => [path, files.text(path) ?? ""]));
  files.settled();
  return changed;
}

async function commitAndPush(clone: string, files: ReadonlyMap<string, string>): Promise<void> {
  const importer = spawn("git", ["fast-import", "--quiet", "--date-format=now"], {
    cwd: clone,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(importer, "exit");
  const changes = [...files].map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`);
  const head = `commit refs/heads/${NATIVE_BRANCH}\ncommitter bench <bench@gitfleet.invalid> now\n${data("Status")}`;
  importer.stdin.end(`${head}from refs/heads/${NATIVE_BRANCH}^0\n${changes.join("")}\n`);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
  await nativeGit(["push", "--quiet", "origin", NATIVE_BRANCH], clone);
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

async function checkEqual(repository: string): Promise<void> {
  const trees: string[] = [];
  for (const branch of [BRANCH, NATIVE_BRANCH])
    trees.push(await nativeGit(["rev-parse", `${branch}^{tree}`], repository));
  if (new Set(trees).size !== 1) throw new Error("gitfleet and git committed different files");
  await nativeGit(["fsck", "--strict", "--no-progress"], repository);
}
