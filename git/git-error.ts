/** What can go wrong between here and a repository, each kind told apart: none of them is ever an intent. */

/** Whose turn it is: wait and try again, or a person. */
export type GitErrorKind =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "rate-limited"
  | "server-error"
  | "not-git"
  | "redirected"
  | "unreachable"
  | "stalled"
  | "truncated"
  | "corrupt"
  | "too-large"
  | "refused-by-server"
  | "empty-repository"
  | "branch-missing"
  | "commit-missing"
  | "unsupported"
  | "aborted";

/** What else an error may carry. */
export interface GitErrorParts {
  /** What to do next, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A repository could not be read. The message never holds a credential. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly kind: GitErrorKind;
  readonly hint: string | undefined;

  constructor(kind: GitErrorKind, message: string, { hint, cause }: GitErrorParts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.hint = hint;
  }
}

/** The error as a GitError; what is not one yet becomes `corrupt`, since only reading went on. */
export function asGitError(error: unknown): GitError {
  if (error instanceof GitError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new GitError("corrupt", `the repository cannot be read: ${text}`, { cause: error });
}
