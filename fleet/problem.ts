/** What is wrong with a fleet repository, and where. */
import type { FaultCode } from "#schema/shape.ts";

/** A place in a file of the repository; line and column count from 1. */
export interface Place {
  /** Relative to the repository's folder, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What kind of problem it is. The codes are a promise: tools may look for them. */
export type ProblemCode =
  | FaultCode
  | "yaml-syntax"
  | "duplicate-key"
  | "unknown-kind"
  | "duplicate-name"
  | "unknown-selector"
  | "missing-label"
  | "port-conflict"
  | "not-a-file"
  | "file-too-large"
  | "not-utf8"
  | "invalid-path"
  | "too-many-problems";

/** One problem. The message is one line that says what to do, suggestion included. */
export interface Problem extends Place {
  readonly code: ProblemCode;
  readonly message: string;
}

/** Something worth saying that does not make a fleet invalid. */
export interface Warning {
  readonly code: "paused" | "withheld" | "declared-only";
  readonly message: string;
}
