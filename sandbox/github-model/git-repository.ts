/** The bare git repository behind a repository of the model: refs, commits, trees, differences. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  COMMIT_FORMAT,
  parseCommit,
  parseCounts,
  parseRaw,
  type Commit,
  type FileChange,
  type Person,
} from "./git-objects.ts";
import { gitDate, importStream, type NewCommit } from "./import-stream.ts";
import { readRefs } from "./git-refs.ts";
import { GitFailure, runGit, type GitOptions } from "./run-git.ts";

/** What a push may not touch, what a fetch may ask for, and no cleaning up behind the tests' backs. */
const CONFIG = `[core]
	repositoryformatversion = 0
	bare = true
[http]
	receivepack = true
[receive]
	hideRefs = refs/pull
	autogc = false
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
`;

/** A bare repository on disk. Changes go through `exclusive`, one after the other. */
export class GitRepository {
  readonly path: string;
  /** Whole shas seen before. Nothing is ever pruned. */
  readonly #commits = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty bare repository whose `refs/pull/` can be fetched and not pushed, as on GitHub. */
  static async create(path: string, defaultBranch: string): Promise<GitRepository> {
    // Written as `git init --bare` would: a hundred tests start a hundred of them.
    for (const folder of ["objects/info", "objects/pack", "refs/heads", "refs/tags"]) {
      await mkdir(join(path, folder), { recursive: true });
    }
    await writeFile(join(path, "HEAD"), `ref: refs/heads/${defaultBranch}\n`);
    await writeFile(join(path, "config"), CONFIG);
    return new GitRepository(path);
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

  /** Full ref name → sha, in order of name. */
  async refs(prefix = "refs/"): Promise<Map<string, string>> {
    return readRefs(this.path, prefix);
  }

  /** The commit that a sha, branch, or ref name stands for. */
  async resolve(name: string): Promise<string | null> {
    if (this.#commits.has(name)) return name;
    const refs = await this.refs();
    const sha = refs.get(`refs/heads/${name}`) ?? refs.get(`refs/${name}`) ?? refs.get(name) ?? name;
    if (this.#commits.has(sha)) return sha;
    if (!/^[0-9a-f]{4,40}$/.test(sha)) return null;
    try {
      const commit = (await this.git(["rev-parse", "--verify", "--quiet", `${sha}^{commit}`])).trim();
      this.#commits.add(commit);
      return commit;
    } catch (error) {
      if (error instanceof GitFailure) return null;
      throw error;
    }
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
  async commitFiles(commit: NewCommit): Promise<void> {
    await this.git(["fast-import", "--quiet", "--force", "--date-format=raw"], { input: importStream(commit) });
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
