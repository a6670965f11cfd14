/** What the bot needs of a forge. GitHub is one folder that implements this; another forge is another folder. */

/** An open pull request against the tracked branch, or one that was merged into it. */
export interface PullRequest {
  readonly number: number;
  /** The commit it proposes. */
  readonly head: string;
  /** When anything about it changed last: an opaque text, only compared. */
  readonly updatedAt: string;
  /** The commit that brought it in; null while it is open. */
  readonly mergedAs: string | null;
}

/** A commit of the tracked branch. */
export interface ForgeCommit {
  readonly id: string;
  /** The first one is where the branch stood before. */
  readonly parents: readonly string[];
}

export type StatusState = "pending" | "success" | "failure" | "error";

/** What stands beside a commit: one per context. */
export interface CommitStatus {
  readonly context: string;
  readonly state: StatusState;
  /** One line, at most STATUS_DESCRIPTION_MAX characters. */
  readonly description: string;
}

/** A comment that this bot wrote. */
export interface OwnComment {
  readonly id: number;
  readonly body: string;
  /** Milliseconds since 1970, by the forge's clock. */
  readonly updatedAtMs: number;
}

/** What merging a pull request would give. */
export type MergeResult =
  | { readonly kind: "clean"; readonly commit: string }
  | { readonly kind: "conflict" }
  /** The forge is still working it out: ask again. */
  | { readonly kind: "unknown" };

/** Problems shown beside the lines they are about. */
export interface Annotations {
  readonly conclusion: "success" | "failure";
  readonly title: string;
  readonly summary: string;
  readonly lines: readonly { readonly path: string; readonly line: number; readonly message: string }[];
  /** Equal ids mean equal annotations. */
  readonly id: string;
}

/** Reading. Each may reject with a ForgeError. */
export interface ForgeReader {
  /** Every open pull request against the branch. */
  openPulls(branch: string): Promise<readonly PullRequest[]>;
  /** The pull requests that were merged into the branch most recently; bounded. */
  mergedPulls(branch: string): Promise<readonly PullRequest[]>;
  /** The newest commits below `head`, newest first; bounded. */
  commitsBelow(head: string): Promise<readonly ForgeCommit[]>;
  mergeResult(pull: number): Promise<MergeResult>;
  /** Where two commits parted, null where they share nothing. */
  mergeBase(base: string, head: string): Promise<string | null>;
  /** The newest status of each context. */
  statuses(commit: string): Promise<readonly CommitStatus[]>;
  /** Comments that this bot wrote and that begin with `marker`, oldest first. */
  ownComments(pull: number, marker: string): Promise<readonly OwnComment[]>;
  /** The id of the annotations that stand beside a commit, null for none or where the forge has none. */
  annotationsId(commit: string): Promise<string | null>;
}

/** Writing. Each may reject with a ForgeError; whether it happened is then unknown. */
export interface ForgeWriter {
  setStatus(commit: string, status: CommitStatus): Promise<void>;
  createComment(pull: number, body: string): Promise<OwnComment>;
  editComment(pull: number, id: number, body: string): Promise<OwnComment>;
  deleteComment(pull: number, id: number): Promise<void>;
  annotate(commit: string, annotations: Annotations): Promise<void>;
}

/** Addresses that people click. */
export interface ForgeLinks {
  /** `path` is relative to the repository. */
  file(commit: string, path: string, line: number): string;
  commit(commit: string): string;
}

/** A forge, reading and writing apart: what only reads cannot be given the power to write. */
export interface Forge {
  readonly reader: ForgeReader;
  readonly writer: ForgeWriter;
  readonly links: ForgeLinks;
  /** True where problems can stand beside lines. */
  readonly canAnnotate: boolean;
}

/** GitHub cuts nothing: it refuses a longer description. */
export const STATUS_DESCRIPTION_MAX = 140;
/** GitHub refuses a longer comment. Counted in UTF-8 bytes here, which are never fewer than characters. */
export const COMMENT_MAX_BYTES = 65_536;
