/** An error as a field of a log line: what kind, what it and its causes say, where they came about. */
import { errorText } from "./errors.ts";

const CAUSES_MAX = 8;

/** As JSON can hold it; what is no error stays as it is. Only the code of what else an error carries: the rest may be anything. */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    type: error.constructor.name,
    message: errorText(error),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    stack: stacksOf(error).join("\ncaused by: "),
  };
}

function stacksOf(error: Error): string[] {
  const stacks: string[] = [];
  for (let next: unknown = error; next instanceof Error && stacks.length < CAUSES_MAX; next = next.cause)
    stacks.push(next.stack ?? String(next));
  return stacks;
}
