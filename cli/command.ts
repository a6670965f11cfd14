/** What a command is: its settings as one zod object, its arguments, examples that teach, and what it does. */
import type { z } from "zod";
import type { Io } from "./io.ts";

/** A positional argument. */
export interface Argument {
  /** As shown: `DEVICE` where it must be given, `dir` where it may be left out. */
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

/** A command line somebody might copy, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** What a command is given when it runs. */
export interface CommandInput<S extends z.ZodObject> {
  readonly settings: z.output<S>;
  /** Positional arguments; those left out are undefined. */
  readonly args: readonly (string | undefined)[];
  readonly io: Io;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** 0 success, 1 the answer is no. 2 (usage) and 3 (outside) are thrown as UsageError and OutsideError. */
export type ExitCode = number;

/** One command. */
export interface Command<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly examples: readonly Example[];
  readonly arguments: readonly Argument[];
  readonly settings: S;
  /** Daemons also read a YAML file named by `--config`. */
  readonly daemon?: boolean;
  /** True where `run` ends by itself when `signal` aborts; else Ctrl-C ends the process at once. */
  readonly stopsItself?: boolean;
  /** How long that may take before the process leaves anyway; 10 s when left out. */
  readonly stopLimitMs?: number;
  /** Why this version cannot run it: whatever its options, it ends as wrong usage with this sentence. */
  readonly unavailable?: string;
  /** What deserves a paragraph: decisions a user would otherwise have to find out. */
  readonly notes?: readonly string[];
  readonly run: (input: CommandInput<S>) => Promise<ExitCode>;
}

/** A command before it is loaded: its name, what it does in one line, and where it is. */
export interface CommandEntry {
  /** Two words for what belongs to another command: `agent logs`. */
  readonly name: string;
  readonly group: "Without a server" | "With NATS" | "Programs that run for long" | "On a device";
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Checks a definition against its settings' types. */
export function defineCommand<S extends z.ZodObject>(command: Command<S>): Command {
  // What `run` is given was parsed by `settings`, so taking any settings loses nothing.
  return { ...command, run: (input) => command.run({ ...input, settings: input.settings as z.output<S> }) };
}
