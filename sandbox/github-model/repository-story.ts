/** What people do in a repository, told in one line each: push, open, merge, comment, and look what the bot wrote. */
import { refChanges } from "./git-objects.ts";
import type { FileEdits } from "./import-stream.ts";
import { mergePullRequest } from "./landing.ts";
import { personOf, type MergeMethod } from "./merging.ts";
import { closePullRequest, openPullRequest, reopenPullRequest } from "./pull-requests.ts";
import { followRefChanges } from "./ref-changes.ts";
import type { Model } from "./routing.ts";
import {
  accountNamed,
  latestStatuses,
  type CheckRun,
  type Comment,
  type CommitStatus,
  type PullRequest,
  type Repository,
} from "./world.ts";

export interface RepositoryStory {
  readonly fullName: string;
  /** The address to clone; the token goes in as password. */
  readonly gitUrl: string;
  /** The bare repository on disk. */
  readonly gitPath: string;
  /** Commits files on a branch (made from `from`, or the default branch, where it is new). Null deletes a file. Gives the sha. */
  push(options: PushOptions): Promise<string>;
  deleteBranch(branch: string): Promise<void>;
  /** The sha of a branch or full ref; null where there is none. */
  head(ref: string): Promise<string | null>;
  /** A file's text at a branch, ref or sha; null where there is none. */
  fileAt(ref: string, path: string): Promise<string | null>;
  openPullRequest(options: {
    head: string;
    title: string;
    base?: string;
    body?: string;
    by?: string;
  }): Promise<PullRequest>;
  /** As with the button. Throws where GitHub refuses. Gives the sha that landed. */
  merge(pullNumber: number, options?: { method?: MergeMethod; by?: string }): Promise<string>;
  close(pullNumber: number): Promise<void>;
  reopen(pullNumber: number): Promise<void>;
  /** A person's comment. Gives its id. */
  comment(pullNumber: number, body: string, by?: string): number;
  /** A person deletes or edits somebody's comment. */
  deleteComment(id: number): void;
  editComment(id: number, body: string): void;
  pullRequest(pullNumber: number): PullRequest;
  /** Oldest first. */
  commentsOf(pullNumber: number): Comment[];
  /** The latest of each context. */
  statusesOf(sha: string): CommitStatus[];
  /** Every status of a commit ever set, oldest first. */
  statusHistoryOf(sha: string): readonly CommitStatus[];
  checkRunsOf(sha: string): CheckRun[];
  /** Nothing merges into the branch without success in these contexts. */
  protect(branch: string, requiredContexts: readonly string[]): void;
}

export interface PushOptions {
  readonly files: FileEdits;
  readonly message?: string;
  readonly branch?: string;
  /** A branch or sha to start from, also where the branch exists: its history is then rewritten. */
  readonly from?: string;
  readonly by?: string;
}

/** The story of one repository; `login` is who acts where nobody is named. */
export function createStory(model: Model, repository: Repository, login: string): RepositoryStory {
  const { git } = repository;
  const person = (name = login) => accountNamed(model.world, name);
  const pullRequest = (number: number): PullRequest => {
    const pull = repository.pulls.get(number);
    if (pull === undefined) throw new Error(`there is no pull request #${number} in ${repository.fullName}`);
    return pull;
  };
  const commentOf = (id: number): Comment => {
    const comment = repository.comments.get(id);
    if (comment === undefined) throw new Error(`there is no comment ${id} in ${repository.fullName}`);
    return comment;
  };
  const touch = (pull: PullRequest): number => (pull.updatedAtMs = model.world.nowMs());
  return {
    fullName: repository.fullName,
    gitUrl: `${model.world.webUrl}/${repository.fullName}.git`,
    gitPath: git.path,
    pullRequest,
    push: (options) => git.exclusive(() => push(model, repository, options, login)),
    deleteBranch: (branch) => git.exclusive(() => moveRef(model, repository, `refs/heads/${branch}`, null, login)),
    head: (ref) => git.resolve(ref),
    fileAt: (ref, path) => fileAt(repository, ref, path),
    openPullRequest: ({ base = repository.defaultBranch, by, ...asked }) =>
      git.exclusive(() => openPullRequest(model, repository, { ...asked, base }, person(by))),
    merge: (number, { method = "merge", by } = {}) =>
      git.exclusive(() => mergePullRequest(model, repository, pullRequest(number), { method }, person(by))),
    close: (number) => git.exclusive(() => closePullRequest(model, repository, pullRequest(number), person())),
    reopen: (number) => git.exclusive(() => reopenPullRequest(model, repository, pullRequest(number), person())),
    comment(number, body, by) {
      const createdAtMs = touch(pullRequest(number));
      const id = model.world.nextId();
      const when = { createdAtMs, updatedAtMs: createdAtMs };
      repository.comments.set(id, { id, pullNumber: number, author: person(by), viaApp: false, body, ...when });
      return id;
    },
    deleteComment(id) {
      touch(pullRequest(commentOf(id).pullNumber));
      repository.comments.delete(id);
    },
    editComment(id, body) {
      const comment = commentOf(id);
      Object.assign(comment, { body, updatedAtMs: touch(pullRequest(comment.pullNumber)) });
    },
    commentsOf: (number) => [...repository.comments.values()].filter(({ pullNumber }) => pullNumber === number),
    statusesOf: (sha) => latestStatuses(repository, sha),
    statusHistoryOf: (sha) => repository.statuses.get(sha) ?? [],
    checkRunsOf: (sha) => [...repository.checkRuns.values()].filter(({ headSha }) => headSha === sha),
    protect: (branch, contexts) => void repository.requiredContexts.set(branch, contexts),
  };
}

async function push(model: Model, repository: Repository, options: PushOptions, login: string): Promise<string> {
  const { git, defaultBranch } = repository;
  const branch = options.branch ?? defaultBranch;
  const account = accountNamed(model.world, options.by ?? login);
  const before = await git.refs();
  const ref = `refs/heads/${branch}`;
  await git.commitFiles({
    ref,
    parent:
      options.from === undefined
        ? (before.get(ref) ?? before.get(`refs/heads/${defaultBranch}`) ?? null)
        : await git.resolve(options.from),
    files: options.files,
    message: options.message ?? `Change ${Object.keys(options.files).join(", ")}`,
    author: personOf(account),
    atMs: model.world.nowMs(),
  });
  const after = await git.refs();
  await followRefChanges(model, repository, refChanges(before, after), account);
  return after.get(ref) ?? "";
}

async function moveRef(
  model: Model,
  repository: Repository,
  ref: string,
  to: string | null,
  login: string,
): Promise<void> {
  const before = await repository.git.refs();
  await repository.git.setRef(ref, to);
  const changes = refChanges(before, await repository.git.refs());
  await followRefChanges(model, repository, changes, accountNamed(model.world, login));
}

async function fileAt(repository: Repository, ref: string, path: string): Promise<string | null> {
  const sha = await repository.git.resolve(ref);
  if (sha === null) return null;
  const listed = await repository.git.git(["ls-tree", sha, "--", path]);
  const [, , blob] = listed.split(/\s+/);
  return blob === undefined ? null : repository.git.git(["cat-file", "blob", blob]);
}
