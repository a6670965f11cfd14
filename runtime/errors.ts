/** Errors sorted by whose turn it is: the user's (wrong usage) or the world's (something outside failed). */

interface WithHint {
  /** What to do next: one sentence, printed under the error. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Wrong usage or configuration: the command ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: WithHint = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

/** Something outside failed (network, server, file system): the command ends with exit code 3. */
export class OutsideError extends Error {
  override readonly name = "OutsideError";
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: WithHint = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

// Causes of causes; a cycle or a very long chain must not hang whoever prints it.
const CAUSES_MAX = 8;

/** One line that tells an error and what caused it: `cannot read x: EACCES: permission denied`. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && current !== undefined && current !== null; depth += 1) {
    const text = oneText(current);
    // Many libraries repeat the cause in their own message.
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(": ").replaceAll(/\s*\n\s*/g, " ");
}

function oneText(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return typeof error === "string" ? error : (JSON.stringify(error) ?? "unknown error");
}

/** The `code` of a system or library error (`ENOENT`), or null. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
