import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findTrailer } from "#git/history.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { GitError } from "#git/git-error.ts";
import { LocalRepository } from "#git/local-repository.ts";
import type { ObjectReader } from "#git/objects.ts";
import { openSource } from "#git/open-source.ts";
import type { GitSource } from "#git/source.ts";
import { GitRepository } from "#sandbox/git-repository.ts";
import { startGitServer, type GitFault, type GitServer } from "#sandbox/git-server.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";

const TOKEN = "s3cr3t-t0ken";
const KEY = "Gitfleet-Allow-Prune";
/** Few, so that the mirror begins anew often enough. */
const PACKS_MAX = 4;

let scratch: Scratch;
let repo: GitRepository;
let server: GitServer | null;
let open: GitSource[];

beforeEach(() => {
  scratch = scratchFolder("git");
  repo = new GitRepository(`${scratch.path}/fleet`);
  server = null;
  open = [];
});

afterEach(async () => {
  for (const source of open) await source.close();
  await server?.close();
  scratch.remove();
});

describe.each(["a local path", "http with version 2", "http with version 0"])("over %s", (way) => {
  async function source(): Promise<GitSource> {
    return keep(
      await (way === "a local path" ? openSource({ repo: repo.path }) : remote({ version0: way.endsWith("0") })),
    );
  }

  test("every file of a commit is read with git's own bytes, through packs, deltas and loose objects", async () => {
    const text = Array.from({ length: 400 }, (_, line) => `line ${line}`).join("\n");
    for (let version = 0; version < 12; version += 1) {
      repo.commit(`version ${version}`, {
        "deployments/web.yaml": `${text}\nversion ${version}\n`,
        [`devices/d${version}.yaml`]: `device ${version}`,
      });
      if (version === 8) repo.git("gc", "-q", "--aggressive");
    }
    const git = await source();
    const head = await git.head("main");
    expect(head).toBe(repo.git("rev-parse", "HEAD"));
    await git.ensureCommit(head);
    expect(await filesOf(git.objects, head)).toEqual(filesByGit(head));
  });

  test("only fleet paths are read, links and submodules are named as such", async () => {
    repo.link("deployments/link.yaml", "/etc/passwd");
    repo.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},devices/sub`);
    repo.write("README.md", "not read");
    repo.write("fleet.yaml", "settings");
    repo.git("add", "README.md", "fleet.yaml", "deployments");
    repo.git("commit", "-qm", "kinds");
    const git = await source();
    const head = await git.head("main");
    await git.ensureCommit(head);
    const { entries } = await new FleetSnapshots().read(git.objects, { commit: head, wants: () => [] });
    expect(entries.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "deployments/link.yaml symlink",
      "devices/sub submodule",
      "fleet.yaml file",
    ]);
  });

  test("a sub-folder can hold the fleet, and one that is missing is named", async () => {
    repo.commit("inside", { "clusters/a/devices/d.yaml": "d", "devices/other.yaml": "o" });
    const git = await source();
    const head = await git.head("main");
    await git.ensureCommit(head);
    const snapshots = new FleetSnapshots();
    const { entries } = await snapshots.read(git.objects, { commit: head, folder: "clusters/a", wants: () => [] });
    expect(entries.map(({ path }) => path)).toEqual(["devices/d.yaml"]);
    const missing = snapshots.read(git.objects, { commit: head, folder: "clusters/b", wants: () => [] });
    await expect(missing).rejects.toMatchObject({ kind: "not-found", hint: "Check --path." });
  });

  test("an empty repository, a missing branch and a deleted branch are three sentences", async () => {
    const git = await source();
    await expect(git.head("main")).rejects.toMatchObject({ kind: "empty-repository" });
    repo.commit("first");
    await expect(git.head("production")).rejects.toMatchObject({ kind: "branch-missing" });
    repo.git("branch", "-m", "main", "main-2");
    await expect(git.head("main")).rejects.toMatchObject({ kind: "branch-missing" });
  });

  test("commit after commit is read, a rewritten branch too, and all stay correct past the mirror's renewal", async () => {
    repo.commit("first", { "devices/a.yaml": "0" });
    const git = await source();
    for (let round = 1; round <= 3 * PACKS_MAX; round += 1) {
      if (round % 7 === 0) repo.git("reset", "-q", "--hard", "HEAD~3");
      repo.commit(`round ${round}`, { "devices/a.yaml": String(round), [`devices/${round % 3}.yaml`]: `${round}` });
      const head = await git.head("main");
      await git.ensureCommit(head);
      expect(await filesOf(git.objects, head)).toEqual(filesByGit(head));
    }
  });

  test("an older commit is had by its id, or in the history of the branch", async () => {
    const old = repo.commit("old", { "devices/a.yaml": "old" });
    for (let count = 0; count < 5; count += 1) repo.commit(`later ${count}`, { "devices/a.yaml": String(count) });
    const git = await source();
    const branchHead = await git.head("main");
    await git.ensureCommit(old, { branchHead });
    expect(await filesOf(git.objects, old)).toEqual({ "devices/a.yaml": "old" });
    const nowhere = git.ensureCommit("2".repeat(40), { branchHead });
    await expect(nowhere).rejects.toMatchObject({ kind: "commit-missing" });
  });

  test("a trailer is found after deepening: on the line, in what a merge brought in, never behind the applied commit", async () => {
    const older = repo.commit(`spent\n\n${KEY}: true`);
    const applied = repo.commit("applied");
    const git = await source();
    const find = async (from: string | null): Promise<string | null> => {
      const head = await git.head("main");
      await git.ensureCommit(head);
      const search = { head, applied: from, key: KEY, value: "true" };
      if (!findTrailer(git.objects, search).complete) await git.deepen(head, 1_000);
      return findTrailer(git.objects, search).commit;
    };
    repo.commit("next");
    expect(await find(applied)).toBeNull();
    repo.git("checkout", "-q", "-b", "side");
    repo.commit(`side work\n\n${KEY}: true`);
    repo.git("checkout", "-q", "main");
    repo.commit("main work");
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", "side");
    const merge = repo.git("rev-parse", "HEAD");
    repo.commit("after the merge");
    expect(await find(applied)).toBe(merge);
    expect(await find(merge)).toBeNull();
    expect(await find(older)).toBe(merge);
    repo.git("checkout", "-q", "--orphan", "fresh");
    repo.commit(`buried\n\n${KEY}: true`);
    repo.commit("fresh head");
    repo.git("branch", "-f", "main", "fresh");
    // A history without a common commit: only the head itself may speak.
    expect(await find(merge)).toBeNull();
  });
});

describe("faults of a server", () => {
  const faults: [GitFault, string][] = [
    ["unauthorized", "unauthorized"],
    ["forbidden", "forbidden"],
    ["not-found", "not-found"],
    ["rate-limited", "rate-limited"],
    ["server-error", "server-error"],
    ["html", "not-git"],
    ["redirect", "redirected"],
    ["drop", "truncated"],
    ["stall", "stalled"],
    ["empty", "truncated"],
    ["truncate", "truncated"],
  ];

  test.each(faults)("%s is an error of its own, without the token, and passes", async (fault, kind) => {
    const first = repo.commit("first", { "devices/a.yaml": "a" });
    const git = keep(await remote({ token: TOKEN, idleMs: fault === "stall" ? 1_500 : 20_000 }));
    await git.ensureCommit(await git.head("main"));
    const second = repo.commit("second", { "devices/a.yaml": "b" });
    const running = need(server);
    running.fault = fault;
    const failures = [await failureOf(git.head("main")), await failureOf(git.ensureCommit(second))];
    expect(failures.map((error) => error.kind)).toEqual([kind, kind]);
    expect(JSON.stringify(failures.map(everythingSaid))).not.toContain(TOKEN);
    expect(await filesOf(git.objects, first)).toEqual({ "devices/a.yaml": "a" });
    running.fault = null;
    await git.ensureCommit(await git.head("main"));
    expect(await filesOf(git.objects, second)).toEqual({ "devices/a.yaml": "b" });
  });

  test("a flipped byte in a pack is noticed and nothing of the pack is used", async () => {
    const head = repo.commit("first", { "devices/a.yaml": "a".repeat(5_000) });
    const git = keep(await remote({}));
    const running = need(server);
    running.fault = "flip";
    running.faultOn = "post";
    expect(["corrupt", "truncated"]).toContain((await failureOf(git.ensureCommit(head))).kind);
    expect(git.objects.read(head)).toBeNull();
  });

  test("a server that is not there is unreachable, a wrong token unauthorized", async () => {
    const gone = keep(await openSource({ repo: "http://127.0.0.1:9/fleet" }));
    expect((await failureOf(gone.head("main"))).kind).toBe("unreachable");
    repo.commit("first");
    const wrong = keep(await remote({ token: TOKEN, sent: "not-the-t0ken" }));
    const failure = await failureOf(wrong.head("main"));
    expect(failure.kind).toBe("unauthorized");
    expect(everythingSaid(failure)).not.toContain("not-the-t0ken");
  });

  test("credentials in the URL are used, and shown nowhere", async () => {
    const head = repo.commit("first");
    server = await startGitServer({ root: scratch.path, token: TOKEN });
    const git = keep(await openSource({ repo: `${server.url.replace("//", `//${TOKEN}@`)}/fleet/.git` }));
    expect(await git.head("main")).toBe(head);
    expect(git.description).not.toContain(TOKEN);
  });

  test("a certificate that nobody trusts is named as such, and trusted with its authority in a file", async () => {
    const head = repo.commit("first");
    const [key, cert] = [`${scratch.path}/key.pem`, `${scratch.path}/cert.pem`];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", ...made, ...subject], { stdio: "pipe" });
    const tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    server = await startGitServer({ root: scratch.path, tls });
    const url = `${server.url}/fleet/.git`;
    const failure = await failureOf(keep(await openSource({ repo: url })).head("main"));
    expect(failure.message).toContain("the certificate of 127.0.0.1");
    expect(failure.hint).toContain("--git-ca");
    expect(await keep(await openSource({ repo: url, caFile: cert })).head("main")).toBe(head);
  });

  test("a stop is obeyed in the middle of a request", async () => {
    repo.commit("first");
    const git = keep(await remote({}));
    need(server).fault = "stall";
    const stop = new AbortController();
    const asked = git.head("main", stop.signal);
    stop.abort();
    expect((await failureOf(asked)).kind).toBe("aborted");
  });
});

describe("layouts of local repositories", () => {
  test("bare, packed, borrowed and linked ones are read", async () => {
    const head = repo.commit("first", { "devices/a.yaml": "a" });
    repo.git("clone", "-q", "--bare", repo.path, "../bare.git");
    repo.git("clone", "-q", "--shared", repo.path, "../shared");
    repo.git("worktree", "add", "-q", "../linked", "-b", "other");
    repo.git("pack-refs", "--all");
    for (const name of ["bare.git", "shared", "linked", "fleet"]) {
      const git = keep(new LocalRepository(`${scratch.path}/${name}`));
      expect([name, await git.head("main")]).toEqual([name, head]);
      expect(await filesOf(git.objects, head)).toEqual({ "devices/a.yaml": "a" });
    }
  });

  test("a repository that is packed while it is open stays readable", async () => {
    repo.commit("first", { "devices/a.yaml": "a" });
    const git = keep(new LocalRepository(repo.path));
    await filesOf(git.objects, await git.head("main"));
    const head = repo.commit("second", { "devices/a.yaml": "b", "devices/b.yaml": "c" });
    repo.git("gc", "-q", "--prune=now");
    expect(await filesOf(git.objects, await git.head("main"))).toEqual(filesByGit(head));
  });

  test("revisions are understood as git understands them", () => {
    repo.commit("one");
    repo.commit("two");
    repo.git("tag", "-a", "v1", "-m", "tag");
    repo.git("checkout", "-q", "-b", "side", "HEAD~1");
    repo.commit("three");
    repo.git("checkout", "-q", "main");
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side");
    const git = keep(new LocalRepository(repo.path));
    const short = repo.git("rev-parse", "--short", "HEAD~1");
    for (const text of ["HEAD", "main", "v1", "HEAD~2", "HEAD^2", "main^2~1", "v1^", "@", short, "refs/heads/side"]) {
      expect([text, git.resolve(text)]).toEqual([text, repo.git("rev-parse", `${text}^{commit}`)]);
    }
    expect(() => git.resolve("nowhere")).toThrow("nowhere is not a commit here");
    expect(() => git.resolve("HEAD~99")).toThrow("history does not go back so far");
  });

  test("what cannot be read is refused with a plain sentence", async () => {
    expect(() => new LocalRepository(`${scratch.path}/none`)).toThrow("there is no");
    expect(() => new LocalRepository(scratch.path)).toThrow("is not a git repository");
    execFileSync("git", ["init", "-q", "--object-format=sha256", `${scratch.path}/sha256`]);
    expect(() => new LocalRepository(`${scratch.path}/sha256`)).toThrow("uses sha256 object ids");
    await expect(openSource({ repo: "ssh://git@example.org/fleet" })).rejects.toThrow("ssh:// is not supported");
    await expect(openSource({ repo: "git@example.org:fleet" })).rejects.toThrow("ssh:// is not supported");
  });
});

test("one strange name spoils its own entry, not the folder", async () => {
  repo.commit("first", { "devices/a.yaml": "a" });
  const blob = repo.git("rev-parse", "HEAD:devices/a.yaml");
  const raw = Buffer.from(blob, "hex");
  const names = [
    Buffer.from("..", "utf8"),
    Buffer.from([0xff, 0x2e]),
    Buffer.from("ok.yaml"),
    Buffer.from("a\\b.yaml"),
  ];
  const modes = ["100644", "100644", "100664", "100644"];
  const tree = Buffer.concat(names.flatMap((name, at) => [Buffer.from(`${modes[at]} `), name, Buffer.from([0]), raw]));
  const devices = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], {
    cwd: repo.path,
    input: tree,
  });
  const root = repo.gitWithInput(`040000 tree ${devices.toString().trim()}\tdevices\n`, "mktree");
  const head = repo.git("commit-tree", root, "-m", "strange");
  const { entries } = await new FleetSnapshots().read(new LocalRepository(repo.path).objects, {
    commit: head,
    wants: () => [],
  });
  expect(entries.map(({ path, invalidPath }) => [path, invalidPath])).toEqual([
    ["devices/..", "its name is not allowed"],
    ["devices/\uFFFD.", "its name is not UTF-8"],
    ["devices/ok.yaml", undefined],
    ["devices/a\\b.yaml", undefined],
  ]);
});

test("a file that is much too large is told by its size, not unpacked", async () => {
  repo.write("devices/large.yaml", Buffer.alloc(30_000_000));
  const head = repo.commit("large");
  for (const git of [new LocalRepository(repo.path), await remote({})]) {
    keep(git);
    await git.ensureCommit(head);
    const snapshot = await new FleetSnapshots().read(git.objects, { commit: head, wants: (entries) => entries });
    expect(snapshot.entries.map(({ sizeBytes }) => sizeBytes)).toEqual([30_000_000]);
  }
});

async function remote(options: {
  version0?: boolean;
  token?: string;
  sent?: string;
  idleMs?: number;
}): Promise<GitSource> {
  const { version0 = false, token } = options;
  server = await startGitServer({ root: scratch.path, version0, ...(token === undefined ? {} : { token }) });
  return openSource({
    repo: `${server.url}/fleet/.git/`,
    token: options.sent ?? token,
    idleMs: options.idleMs,
    packsMax: PACKS_MAX,
  });
}

function keep<T extends GitSource>(source: T): T {
  open.push(source);
  return source;
}

async function filesOf(objects: ObjectReader, commit: string): Promise<Record<string, string>> {
  const snapshot = await new FleetSnapshots().read(objects, { commit, wants: (entries) => entries });
  return Object.fromEntries(
    snapshot.entries.map(({ path, id }) => [path, Buffer.from(snapshot.content(id) ?? []).toString()]),
  );
}

function filesByGit(commit: string): Record<string, string> {
  const paths = repo.git("ls-tree", "-r", "--name-only", commit).split("\n");
  return Object.fromEntries(
    paths.map((path) => [path, `${repo.git("show", `${commit}:${path}`)}${endOf(commit, path)}`]),
  );
}

// The helper drops the last line end of what git prints.
function endOf(commit: string, path: string): string {
  const size = Number(repo.git("cat-file", "-s", `${commit}:${path}`));
  return size > Buffer.byteLength(repo.git("show", `${commit}:${path}`)) ? "\n" : "";
}

async function failureOf(promise: Promise<unknown>): Promise<GitError> {
  const error: unknown = await promise.then(
    () => new Error("nothing failed"),
    (failure: unknown) => failure,
  );
  if (error instanceof GitError) return error;
  throw error;
}

function everythingSaid(error: GitError): string {
  return `${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
}

function need<T>(value: T | null): T {
  if (value === null) throw new Error("not started");
  return value;
}
