/** The status branch against real git: what is committed, when, and what others may do to it meanwhile. */
import { execFileSync } from "node:child_process";
import { sha256Digest } from "#fleet/digest.ts";
import { LocalRepository } from "#git/local-repository.ts";
import { localReceivePack, type ReceivePack } from "#git/receive-pack.ts";
import { manualClock, type ManualClock } from "#runtime/clock.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import type { BucketName } from "#schema/keys.ts";
import { COMMITS_MAX, StatusBranch } from "#status-bot/branch/status-branch.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import { finished } from "#fleet/steps.ts";
import { StatusFiles } from "#status-bot/core/status-files.ts";
import { NUMBER_TRAILER } from "#status-bot/texts/status-readme.ts";
import { describe, expect, onTestFinished, test } from "vitest";

const BRANCH = "fleet-status";
const TO = { branch: BRANCH, intervalMs: 60_000 };
const START_MS = Date.parse("2026-04-22T17:00:00Z");
const never = new AbortController().signal;

describe("status files", () => {
  test("are one commit for each change of substance, and none for times alone", async () => {
    const { fleet, bot, repo, clock } = opened();
    fleet.reports("web", "kiosk-1", "Running", "2026-04-22T17:00:00Z");
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    expect(repo.git("log", "--format=%s", BRANCH)).toBe("status: 1 of 1 succeeded, 0 failed, 0 pending\n");
    expect(repo.git("ls-tree", "-r", "--name-only", BRANCH)).toBe(
      "status/README.md\nstatus/deployments/web.yaml\nstatus/fleet.yaml\n",
    );
    clock.advance(60_000);
    fleet.reports("web", "kiosk-1", "Running", "2026-04-22T18:30:00Z");
    fleet.applied("a".repeat(40), "2026-04-22T18:30:00Z");
    expect(await bot.publish()).toEqual({ kind: "unchanged" });
    fleet.reports("web", "kiosk-1", "Failed", "2026-04-22T18:31:00Z", "no space left at 2026-04-22T18:31:00Z");
    expect(await bot.publish()).toMatchObject({ kind: "written", files: 3 });
    clock.advance(60_000);
    fleet.reports("web", "kiosk-1", "Failed", "2026-04-22T18:32:00Z", "no space left at 2026-04-22T18:32:00Z");
    expect(await bot.publish()).toEqual({ kind: "unchanged" });
    expect(repo.git("fsck", "--strict", "--full")).toBe("");
  });

  test("are written at most once an interval, whoever wrote last", async () => {
    const { fleet, bot, repo, clock, another } = opened();
    fleet.reports("web", "kiosk-1", "Running");
    await bot.publish();
    fleet.reports("web", "kiosk-1", "Failed");
    clock.advance(10_000);
    expect(await bot.publish()).toEqual({ kind: "early", waitMs: 50_000 });
    expect(await another().publish()).toEqual({ kind: "early", waitMs: 50_000 });
    clock.advance(50_000);
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    expect(await another().publish()).toEqual({ kind: "unchanged" });
    expect(repo.git("rev-list", "--count", BRANCH)).toBe("2\n");
  });

  test("of deployments that did not change are left as they are", async () => {
    const { fleet, bot, repo, clock } = opened();
    for (const name of ["db", "web"]) fleet.reports(name, "kiosk-1", "Running");
    await bot.publish();
    clock.advance(60_000);
    fleet.reports("web", "kiosk-1", "Failed");
    await bot.publish();
    expect(repo.git("diff-tree", "-r", "--name-only", `${BRANCH}~1`, BRANCH)).toBe(
      "status/README.md\nstatus/deployments/web.yaml\nstatus/fleet.yaml\n",
    );
    clock.advance(60_000);
    fleet.removes("web", "kiosk-1");
    await bot.publish();
    expect(repo.git("ls-tree", "-r", "--name-only", BRANCH)).not.toContain("web.yaml");
  });

  test("of many deployments lie in folders of their own, and move when there are more than 256", async () => {
    const { fleet, bot, repo, clock } = opened();
    for (let index = 0; index < 256; index += 1) fleet.reports(`d-${index}`, "kiosk-1", "Running");
    await bot.publish();
    expect(repo.git("ls-tree", "--name-only", `${BRANCH}:status/deployments`).split("\n")).toHaveLength(257);
    clock.advance(60_000);
    fleet.reports("d-256", "kiosk-1", "Running");
    await bot.publish();
    const paths = repo.git("ls-tree", "-r", "--name-only", `${BRANCH}:status/deployments`).trim().split("\n");
    const shard = sha256Digest("d-7").slice("sha256:".length, "sha256:".length + 2);
    expect(paths).toHaveLength(257);
    expect(paths).toContain(`${shard}/d-7.yaml`);
    expect(paths.every((path) => /^[0-9a-f]{2}\/d-\d+\.yaml$/.test(path))).toBe(true);
  });

  test("of 10,000 deployments cost what changed: a few kilobytes for one of them", async () => {
    const { fleet, repo, clock, another } = opened();
    const sizes: number[] = [];
    const local = localReceivePack(repo.path);
    const bot = another((body) => {
      sizes.push(body.length);
      return local(body);
    });
    for (let index = 0; index < 10_000; index += 1) fleet.reports(`d-${index}`, `kiosk-${index}`, "Running");
    await bot.publish();
    clock.advance(60_000);
    fleet.reports("d-77", "kiosk-77", "Failed");
    expect(await bot.publish()).toMatchObject({ kind: "written", files: 3 });
    expect(sizes).toHaveLength(2);
    expect(sizes[1]).toBeLessThan(64 * 1024);
  });
});

describe("a status branch that others move", () => {
  test("keeps what they wrote beside our files, and gets ours back", async () => {
    const { fleet, bot, repo, clock } = opened();
    fleet.reports("web", "kiosk-1", "Running");
    await bot.publish();
    clock.advance(60_000);
    repo.commits(BRANCH, {
      "notes.md": "ours\n",
      "status/README.md": "gone wild\n",
      "status/deployments/old.yaml": "x\n",
    });
    fleet.reports("web", "kiosk-1", "Failed");
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    expect(repo.git("ls-tree", "-r", "--name-only", BRANCH)).toBe(
      "notes.md\nstatus/README.md\nstatus/deployments/web.yaml\nstatus/fleet.yaml\n",
    );
    expect(repo.git("show", `${BRANCH}:status/README.md`)).toContain("1 failed");
    expect(repo.git("rev-list", "--count", BRANCH)).toBe("3\n");
  });

  test("in the very moment of the push is read again and built upon", async () => {
    const { fleet, repo, another } = opened();
    fleet.reports("web", "kiosk-1", "Running");
    const local = localReceivePack(repo.path);
    let races = 3;
    const bot = another((body) => {
      races -= 1;
      if (races >= 0) repo.commits(BRANCH, { [`theirs-${races}.md`]: "x\n" });
      return local(body);
    });
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    const files = repo.git("ls-tree", "-r", "--name-only", BRANCH);
    for (const path of ["theirs-0.md", "theirs-1.md", "theirs-2.md", "status/README.md"]) expect(files).toContain(path);
  });

  test("whose push got no answer is looked at: the commit is not made twice", async () => {
    const { fleet, repo, another } = opened();
    fleet.reports("web", "kiosk-1", "Running");
    const local = localReceivePack(repo.path);
    let lost = false;
    const bot = another(async (body) => {
      const answer = await local(body);
      if (lost) return answer;
      lost = true;
      throw new Error("the connection was reset");
    });
    await expect(bot.publish()).rejects.toThrow("reset");
    expect(await bot.publish()).toEqual({ kind: "unchanged" });
    expect(repo.git("rev-list", "--count", BRANCH)).toBe("1\n");
  });

  test("is begun anew when somebody deleted it", async () => {
    const { fleet, bot, repo, clock } = opened();
    fleet.reports("web", "kiosk-1", "Running");
    await bot.publish();
    repo.git("update-ref", "-d", `refs/heads/${BRANCH}`);
    clock.advance(60_000);
    expect(await bot.publish()).toMatchObject({ kind: "written", files: 3 });
  });

  test("that holds a fleet is not touched", async () => {
    const { fleet, bot, repo } = opened();
    repo.commits(BRANCH, { "deployments/web.yaml": "x\n", "status/README.md": "x\n" });
    const before = repo.git("rev-parse", BRANCH);
    fleet.reports("web", "kiosk-1", "Running");
    await expect(bot.publish()).rejects.toThrow("holds a fleet");
    expect(repo.git("rev-parse", BRANCH)).toBe(before);
  });
});

describe("the history of the status branch", () => {
  test("is replaced by one commit past a thousand, and only where nobody moved it", async () => {
    const { fleet, repo, another } = opened();
    repo.commits(BRANCH, { "notes.md": "kept\n" }, `status\n\n${NUMBER_TRAILER}: ${COMMITS_MAX}`);
    fleet.reports("web", "kiosk-1", "Running");
    const local = localReceivePack(repo.path);
    let raced = false;
    const bot = another((body) => {
      if (!raced) repo.commits(BRANCH, { "late.md": "not lost\n" }, `status\n\n${NUMBER_TRAILER}: ${COMMITS_MAX}`);
      raced = true;
      return local(body);
    });
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    expect(repo.git("rev-list", "--count", BRANCH)).toBe("1\n");
    expect(repo.git("ls-tree", "--name-only", BRANCH)).toBe("late.md\nnotes.md\nstatus\n");
    expect(repo.git("log", "-1", "--format=%B", BRANCH)).toContain(`${NUMBER_TRAILER}: 1\n`);
  });

  test("that somebody else wrote to last is counted", async () => {
    const { fleet, bot, repo } = opened();
    const stream = Array.from({ length: COMMITS_MAX }, (_, index) => fastImportCommit(index)).join("");
    execFileSync("git", ["-C", repo.path, "fast-import", "--quiet"], { input: stream });
    fleet.reports("web", "kiosk-1", "Running");
    expect(await bot.publish()).toMatchObject({ kind: "written" });
    expect(repo.git("rev-list", "--count", BRANCH)).toBe("1\n");
    expect(repo.git("show", `${BRANCH}:notes.md`)).toBe("999");
  });
});

interface Publisher {
  publish(): ReturnType<StatusBranch["publish"]>;
}

interface Opened {
  readonly fleet: TestFleet;
  readonly bot: Publisher;
  readonly repo: TestRepository;
  readonly clock: ManualClock;
  /** A second bot, or one that starts again; `receivePack` stands in for the way to the repository. */
  readonly another: (receivePack?: ReceivePack) => Publisher;
}

function opened(): Opened {
  const scratch = scratchFolder("status-branch");
  onTestFinished(() => scratch.remove());
  const repo = new TestRepository(scratch.path);
  // The clock stands at a time at which no commit is young.
  const clock = manualClock(START_MS);
  const fleet = new TestFleet();
  const another = (receivePack = localReceivePack(repo.path)): Publisher => {
    const branch = new StatusBranch({
      source: new LocalRepository(repo.path),
      receivePack,
      clock: { ...clock, after: now },
    });
    const view = new LiveFleet();
    const files = new StatusFiles(view);
    fleet.follow(view);
    return {
      publish() {
        finished(files.update());
        return branch.publish(files, TO, never);
      },
    };
  };
  return { fleet, bot: another(), repo, clock, another };
}

// Pauses between two tries are not what these tests are about.
function now(_ms: number, fn: () => void): () => void {
  const immediate = setImmediate(fn);
  return () => clearImmediate(immediate);
}

class TestRepository {
  readonly path: string;

  constructor(folder: string) {
    this.path = `${folder}/repo.git`;
    execFileSync("git", ["init", "--quiet", "--bare", this.path]);
  }

  git(...args: string[]): string {
    return execFileSync("git", ["-C", this.path, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** A commit by somebody else on top of a branch. */
  commits(branch: string, files: Record<string, string>, message = "by hand"): void {
    const exists = this.git("for-each-ref", `refs/heads/${branch}`) !== "";
    const lines = Object.entries(files).map(
      ([path, text]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`,
    );
    const from = exists ? `from refs/heads/${branch}^0\n` : "";
    const head = `commit refs/heads/${branch}\ncommitter Somebody <s@example.org> ${START_MS / 1_000 - 3_600} +0000\n`;
    const input = `${head}data ${Buffer.byteLength(message)}\n${message}\n${from}${lines.join("")}\n`;
    execFileSync("git", ["-C", this.path, "fast-import", "--quiet"], { input });
  }
}

function fastImportCommit(index: number): string {
  const head = `commit refs/heads/${BRANCH}\ncommitter S <s@example.org> ${index} +0000\ndata 1\nx\n`;
  return `${head}M 100644 inline notes.md\ndata ${String(index).length}\n${index}\n\n`;
}

/** What NATS would say, to every bot that follows. */
class TestFleet {
  readonly #views: LiveFleet[] = [];
  readonly #log: [BucketName, string, string | null][] = [];

  constructor() {
    this.applied("a".repeat(40), "2026-04-22T17:00:00Z");
  }

  follow(view: LiveFleet): void {
    this.#views.push(view);
    for (const [bucket, key, text] of this.#log) tell(view, bucket, key, text);
  }

  applied(commit: string, at: string): void {
    const record = { fleet: "shop", branch: "main", head: commit, applied: commit, applying: null, applied_at: at };
    this.#say("fleet", "reconciler", JSON.stringify({ ...record, refused: null, desired_keys: 1 }));
  }

  reports(
    deployment: string,
    device: string,
    phase: string,
    at = "2026-04-22T17:00:00Z",
    error: string | null = null,
  ): void {
    const value = JSON.stringify({ type: "PodmanV0", data: { services: [{ name: deployment }] } });
    this.#say("desired-state", `${device}.${deployment}`, value);
    const state = { device_id: device, deployment, phase, last_event_at: at, last_error: error };
    const digest = sha256Digest(value);
    this.#say("device-state", `state.${device}.${deployment}`, JSON.stringify({ ...state, desired_digest: digest }));
  }

  removes(deployment: string, device: string): void {
    this.#say("desired-state", `${device}.${deployment}`, null);
    this.#say("device-state", `state.${device}.${deployment}`, null);
  }

  #say(bucket: BucketName, key: string, text: string | null): void {
    this.#log.push([bucket, key, text]);
    for (const view of this.#views) tell(view, bucket, key, text);
  }
}

function tell(view: LiveFleet, bucket: BucketName, key: string, text: string | null): void {
  if (text === null) view.apply(bucket, { kind: "delete", key });
  else {
    const value = new TextEncoder().encode(text);
    view.apply(bucket, { kind: "put", key, value, atMs: START_MS, headers: () => undefined });
  }
}
