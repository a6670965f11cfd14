/** What can go wrong between the bot and a forge, sorted by whose turn it is. */

/** `wait`: the forge or the way to it is troubled, everything waits. `person`: this one thing needs a person. */
export type ForgeAdvice = "wait" | "person";

/** A call to a forge failed. The message never holds a credential. */
export class ForgeError extends Error {
  override readonly name = "ForgeError";
  readonly advice: ForgeAdvice;
  /** How long the forge asked to be left alone, in milliseconds; null where it did not say. */
  readonly retryAfterMs: number | null;
  /** What to do next, one sentence. */
  readonly hint: string | undefined;

  constructor(
    message: string,
    parts: {
      readonly advice: ForgeAdvice;
      readonly retryAfterMs?: number | null;
      readonly hint?: string;
      readonly cause?: unknown;
    },
  ) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.advice = parts.advice;
    this.retryAfterMs = parts.retryAfterMs ?? null;
    this.hint = parts.hint;
  }
}
