/** The three ways in which GitHub lands a pull request, made with git plumbing in a bare repository. */
import type { Person } from "./git-objects.ts";
import type { GitRepository } from "./git-repository.ts";
import type { Account, PullRequest, Repository } from "./world.ts";

export type MergeMethod = "merge" | "squash" | "rebase";

const GITHUB: Person = { name: "GitHub", email: "noreply@github.com" };

/** The commit to which the base should move, or null where the two conflict. Moves no ref. */
export async function landMerge(
  repository: Repository,
  pull: PullRequest,
  base: string,
  asked: { method: MergeMethod; title?: string | undefined; message?: string | undefined },
  atMs: number,
  by: Account,
): Promise<string | null> {
  if (asked.method === "rebase") return rebase(repository.git, pull, base, personOf(by), atMs);
  const tree = await repository.git.mergeTrees(base, pull.headSha);
  if (tree === null) return null;
  const squash = asked.method === "squash";
  const author = personOf(squash ? pull.author : by);
  const message = squash
    ? await squashMessage(repository.git, pull, base, asked)
    : mergeMessage(repository, pull, asked);
  const parents = squash ? [base] : [base, pull.headSha];
  return repository.git.commitTree({ tree, parents, message, author, committer: GITHUB, atMs });
}

/** The address that GitHub gives an account that shows none. */
export function personOf(account: Account): Person {
  return { name: account.login, email: `${account.id}+${account.login}@users.noreply.github.com` };
}

/**
 * Each commit that only the head has, again, on top of the base. To pick commit C (parent P) onto tip O, O's tree is
 * committed on top of P: git then finds P as the merge base of that and C, which is what picking means.
 */
async function rebase(
  git: GitRepository,
  pull: PullRequest,
  base: string,
  committer: Person,
  atMs: number,
): Promise<string | null> {
  let tip = base;
  for (const commit of await git.commits(["--reverse", "--no-merges", `${base}..${pull.headSha}`])) {
    const { tree: tipTree } = await git.commit(tip);
    // A rebase gives each commit a new id, as GitHub does: within one second the same committer would give the same one.
    const committedMs = Math.max(atMs, Date.parse(commit.committer.date) + 1_000);
    const shared = { author: commit.author, committer, atMs: committedMs };
    const tipOnParent = await git.commitTree({ ...shared, tree: tipTree, parents: commit.parents, message: "pick" });
    const tree = await git.mergeTrees(tipOnParent, commit.sha);
    if (tree === null) return null;
    const { message, author } = commit;
    tip = await git.commitTree({ ...shared, tree, parents: [tip], message, authoredAt: author.date });
  }
  return tip;
}

interface Words {
  readonly title?: string | undefined;
  readonly message?: string | undefined;
}

function mergeMessage(repository: Repository, pull: PullRequest, asked: Words): string {
  const title = asked.title ?? `Merge pull request #${pull.number} from ${repository.owner.login}/${pull.headRef}`;
  return `${title}\n\n${asked.message ?? pull.title}\n`;
}

/** A single commit keeps its own words; several are listed. */
async function squashMessage(git: GitRepository, pull: PullRequest, base: string, asked: Words): Promise<string> {
  const commits = await git.commits(["--reverse", "--no-merges", `${base}..${pull.headSha}`]);
  const [only] = commits;
  const body = asked.message ?? (commits.length === 1 ? bodyOf(only?.message ?? "") : listed(commits));
  const subject = commits.length === 1 ? subjectOf(only?.message ?? pull.title) : pull.title;
  const title = asked.title ?? `${subject} (#${pull.number})`;
  return body === "" ? `${title}\n` : `${title}\n\n${body}\n`;
}

function listed(commits: readonly { readonly message: string }[]): string {
  return commits.map(({ message }) => `* ${message}`).join("\n\n");
}

function subjectOf(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

function bodyOf(message: string): string {
  return message.slice(subjectOf(message).length).trim();
}
