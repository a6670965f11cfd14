/** The bare git repository behind a repository of the model: refs, commits, trees, differences. */
import { spawn } from "node:child_process";

const GIT_LIMIT_MS = 60_000;
const COMMIT_FORMAT = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"].join("%x00");

export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person & { readonly date: string };
  readonly committer: Person & { readonly date: string };
  readonly message: string;
}

export interface FileChange {
  readonly path: string;
  readonly previousPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed" | "changed";
  readonly blob: string;
  readonly additions: number;
  readonly deletions: number;
}

/** A ref that moved; null where it did not exist before or does not after. */
export interface RefChange {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What to commit: path → content, or null to delete it. */
export type FileEdits = Readonly<Record<string, string | Uint8Array | null>>;

export class GitFailure extends Error {
  readonly exitCode: number | null;
  constructor(message: string, exitCode: number | null) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A bare repository on disk. Changes go through `exclusive`, one after the other. */
export class GitRepository {
  readonly path: string;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty bare repository whose `refs/pull/` can be fetched and not pushed, as on GitHub. */
  static async create(path: string, defaultBranch: string): Promise<GitRepository> {
    const repository = new GitRepository(path);
    await runGit(["init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, path], {});
    const settings = [
      ["http.receivepack", "true"],
      ["receive.hideRefs", "refs/pull"],
      ["uploadpack.allowAnySHA1InWant", "true"],
      ["uploadpack.allowFilter", "true"],
      ["gc.auto", "0"],
      ["receive.autogc", "false"],
    ];
    for (const [key = "", value = ""] of settings) await repository.git(["config", key, value]);
    return repository;
  }

  /** Runs `change` when every earlier change is done. Do not nest. */
  async exclusive<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(change, change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async git(args: readonly string[], options: GitOptions = {}): Promise<string> {
    return (await runGit(["--git-dir", this.path, ...args], options)).toString("utf8");
  }

  /** Full ref name → sha, without tags' peeled values. */
  async refs(prefix = "refs/"): Promise<Map<string, string>> {
    const lines = await this.git(["for-each-ref", "--format=%(objectname) %(refname)", prefix]);
    return new Map(
      lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => [line.slice(41), line.slice(0, 40)]),
    );
  }

  /** The commit that a sha, branch or full ref name stands for. */
  async resolve(name: string): Promise<string | null> {
    if (name.startsWith("-") || name === "") return null;
    for (const candidate of [`refs/heads/${name}`, `refs/${name}`, name]) {
      try {
        return (await this.git(["rev-parse", "--verify", "--quiet", `${candidate}^{commit}`])).trim();
      } catch (error) {
        if (!(error instanceof GitFailure)) throw error;
      }
    }
    return null;
  }

  async commits(args: readonly string[]): Promise<Commit[]> {
    const text = await this.git(["log", "-z", `--format=tformat:${COMMIT_FORMAT}%x01`, ...args, "--"]);
    return text
      .split("\u0001")
      .map((entry) => entry.replace(/^\0/, ""))
      .filter((entry) => entry.includes("\0"))
      .map((entry) => parseCommit(entry));
  }

  async commit(sha: string): Promise<Commit> {
    const [commit] = await this.commits(["-1", sha]);
    if (commit === undefined) throw new GitFailure(`there is no commit ${sha}`, null);
    return commit;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return this.#asks(["merge-base", "--is-ancestor", ancestor, descendant]);
  }

  async mergeBase(one: string, other: string): Promise<string | null> {
    try {
      return (await this.git(["merge-base", one, other])).trim();
    } catch (error) {
      if (error instanceof GitFailure && error.exitCode === 1) return null;
      throw error;
    }
  }

  /** Changed files from one commit to another, renames found, in order of path. */
  async changes(from: string, to: string): Promise<FileChange[]> {
    const options = ["diff-tree", "-r", "-z", "-M", "--no-commit-id"];
    const raw = parseRaw(await this.git([...options, "--raw", "--abbrev=40", from, to]));
    const counts = parseCounts(await this.git([...options, "--numstat", from, to]));
    return raw.map((change) => ({ ...change, ...(counts.get(change.path) ?? { additions: 0, deletions: 0 }) }));
  }

  /** The tree that merging gives, or null where the two conflict. */
  async mergeTrees(ours: string, theirs: string): Promise<string | null> {
    try {
      return (await this.git(["merge-tree", "--write-tree", "--no-messages", ours, theirs])).trim();
    } catch (error) {
      if (error instanceof GitFailure && error.exitCode === 1) return null;
      throw error;
    }
  }

  async commitTree(options: {
    tree: string;
    parents: readonly string[];
    message: string;
    author: Person;
    committer: Person;
    atMs: number;
    authoredAt?: string;
  }): Promise<string> {
    const parents = options.parents.flatMap((parent) => ["-p", parent]);
    const sha = await this.git(["commit-tree", options.tree, ...parents], {
      input: options.message,
      env: {
        GIT_AUTHOR_NAME: options.author.name,
        GIT_AUTHOR_EMAIL: options.author.email,
        GIT_AUTHOR_DATE: options.authoredAt ?? gitDate(options.atMs),
        GIT_COMMITTER_NAME: options.committer.name,
        GIT_COMMITTER_EMAIL: options.committer.email,
        GIT_COMMITTER_DATE: gitDate(options.atMs),
      },
    });
    return sha.trim();
  }

  /** Commits edits on top of `parent` (or as a root) and moves `ref` there, whatever it was. */
  async commitFiles(options: {
    ref: string;
    parent: string | null;
    files: FileEdits;
    message: string;
    author: Person;
    atMs: number;
  }): Promise<string> {
    await this.git(["fast-import", "--quiet", "--force", "--date-format=raw"], { input: importStream(options) });
    return (await this.git(["rev-parse", "--verify", options.ref])).trim();
  }

  async setRef(ref: string, sha: string | null): Promise<void> {
    await this.git(sha === null ? ["update-ref", "-d", ref] : ["update-ref", ref, sha]);
  }

  async #asks(args: readonly string[]): Promise<boolean> {
    try {
      await this.git(args);
      return true;
    } catch (error) {
      if (error instanceof GitFailure) return false;
      throw error;
    }
  }
}

interface GitOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** What differs between two readings of the refs, branches and tags alone. */
export function refChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): RefChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].filter((ref) => /^refs\/(heads|tags)\//.test(ref));
  return names
    .map((ref) => ({ ref, before: before.get(ref) ?? null, after: after.get(ref) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** The environment of every git of the model: nobody's settings, no prompts. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    LC_ALL: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
  };
}

function runGit(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn("git", args, { env: { ...gitEnvironment(), ...options.env }, timeout: GIT_LIMIT_MS });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.on("error", (error) =>
    reject(new Error("git could not be started; install git 2.38 or newer", { cause: error })),
  );
  child.on("close", (code) => {
    if (code === 0) resolve(Buffer.concat(out));
    else reject(new GitFailure(`git ${args.join(" ")}: ${Buffer.concat(err).toString("utf8").trim()}`, code));
  });
  // A git that ends early closes its input; its exit code tells the story.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return promise;
}

function importStream(options: Parameters<GitRepository["commitFiles"]>[0]): Buffer {
  const { author, atMs, message } = options;
  const parts: Uint8Array[] = [];
  const line = (text: string): number => parts.push(Buffer.from(`${text}\n`));
  const data = (content: string | Uint8Array): void => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    line(`data ${bytes.length}`);
    parts.push(bytes);
    line("");
  };
  line(`commit ${options.ref}`);
  line(`committer ${author.name} <${author.email}> ${gitDate(atMs)}`);
  data(message);
  if (options.parent === null) line("deleteall");
  else line(`from ${options.parent}`);
  for (const [path, content] of Object.entries(options.files)) {
    line(content === null ? `D ${quoted(path)}` : `M 100644 inline ${quoted(path)}`);
    if (content !== null) data(content);
  }
  return Buffer.concat(parts);
}

function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function gitDate(atMs: number): string {
  return `${Math.floor(atMs / 1000)} +0000`;
}

function parseCommit(entry: string): Commit {
  const [sha = "", tree = "", parents = "", an = "", ae = "", ad = "", cn = "", ce = "", cd = "", body = ""] =
    entry.split("\0");
  return {
    sha,
    tree,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    author: { name: an, email: ae, date: inUtc(ad) },
    committer: { name: cn, email: ce, date: inUtc(cd) },
    message: body.replace(/\n+$/, ""),
  };
}

function inUtc(date: string): string {
  return new Date(date).toISOString().replace(/\.\d+Z$/, "Z");
}

const STATUS_OF_LETTER: Readonly<Record<string, FileChange["status"]>> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  T: "changed",
};

function parseRaw(text: string): Omit<FileChange, "additions" | "deletions">[] {
  const fields = text.split("\0");
  const changes: Omit<FileChange, "additions" | "deletions">[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, , before = "", after = "", letter = ""] = (fields[at] ?? "").split(" ");
    const status = STATUS_OF_LETTER[letter.charAt(0)] ?? "changed";
    const renamed = status === "renamed";
    const path = fields[at + (renamed ? 2 : 1)] ?? "";
    changes.push({
      path,
      previousPath: renamed ? (fields[at + 1] ?? null) : null,
      status,
      blob: status === "removed" ? before : after,
    });
    if (renamed) at += 1;
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function parseCounts(text: string): Map<string, { additions: number; deletions: number }> {
  const fields = text.split("\0");
  const counts = new Map<string, { additions: number; deletions: number }>();
  for (let at = 0; at < fields.length; at += 1) {
    const [added = "", deleted = "", path] = (fields[at] ?? "").split("\t");
    if (path === undefined) continue;
    // A rename has an empty path here, then the old and the new one. Binary files count "-".
    const name = path === "" ? (fields[at + 2] ?? "") : path;
    if (path === "") at += 2;
    counts.set(name, { additions: Number(added) || 0, deletions: Number(deleted) || 0 });
  }
  return counts;
}
