/** Where a branch stands, with its folders in memory: read once, then carried along by whoever writes to it. */
import { inSlices } from "#runtime/in-slices.ts";
import { needCommit, type Commit } from "./commit.ts";
import { changeFolder, type FileChanges, type Folder } from "./folder.ts";
import { GitError } from "./git-error.ts";
import { push, type PushResult } from "./push.ts";
import { readFolder } from "./read-folder.ts";
import type { ReceivePack } from "./receive-pack.ts";
import type { GitSource } from "./source.ts";
import { commitObject, type Signature } from "./write-objects.ts";

/** A branch at one commit; both are null while the branch does not exist. */
export interface BranchTip {
  readonly commit: Pick<Commit, "id" | "message" | "committedAtSeconds"> | null;
  readonly folder: Folder | null;
}

/** The tip of a branch that does not exist. */
export const NO_TIP: BranchTip = { commit: null, folder: null };

/** The commit a branch stands at, null where it does not exist. Rejects with a GitError. */
export async function branchHead(source: GitSource, branch: string, signal?: AbortSignal): Promise<string | null> {
  try {
    return await source.head(branch, signal);
  } catch (error) {
    const isAbsent =
      error instanceof GitError && (error.kind === "branch-missing" || error.kind === "empty-repository");
    if (isAbsent) return null;
    throw error;
  }
}

/** Reads the folders of a commit that `looksInto` names. Rejects with a GitError. */
export async function readTip(
  source: GitSource,
  id: string,
  { looksInto, signal }: { readonly looksInto: (path: string) => boolean; readonly signal?: AbortSignal },
): Promise<BranchTip> {
  await source.ensureCommit(id, signal === undefined ? {} : { signal });
  const objects = source.objects;
  const commit = needCommit(objects, id);
  return { commit, folder: readFolder(objects, commit.tree, looksInto) };
}

/** A commit to be made on top of a tip. */
export interface NextCommit {
  readonly branch: string;
  readonly changes: FileChanges;
  readonly message: string;
  readonly author: Signature;
  /** True for a commit without parents that replaces the history. */
  readonly squash: boolean;
}

/** Commits and pushes. The new tip comes with `pushed`; after any other result the branch is to be read again. */
export async function commitOnTip(
  receivePack: ReceivePack,
  tip: BranchTip,
  next: NextCommit,
): Promise<{ readonly result: PushResult; readonly tip: BranchTip }> {
  const { folder, objects } = await inSlices(changeFolder(tip.folder, next.changes));
  if (folder === null) throw new TypeError("a commit that leaves nothing in a branch is never meant");
  const parents = tip.commit === null || next.squash ? [] : [tip.commit.id];
  const commit = commitObject({ tree: folder.id, parents, author: next.author, message: next.message });
  const result = await push(receivePack, {
    ref: `refs/heads/${next.branch}`,
    from: tip.commit?.id ?? null,
    to: commit.id,
    objects: [...objects, commit],
  });
  const committedAtSeconds = Math.floor(next.author.atMs / 1_000);
  return { result, tip: { commit: { id: commit.id, message: next.message, committedAtSeconds }, folder } };
}
