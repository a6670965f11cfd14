/** Where a command reads from and prints to: results to stdout, everything else to stderr, colour only for people. */
import { styleText } from "node:util";
import { OutsideError } from "#runtime/errors.ts";

/** How a word is shown on a terminal; plain text elsewhere. */
export type Paint = (style: "bold" | "dim" | "red" | "green" | "yellow" | "cyan", text: string) => string;

/** The world of one run of a command. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Results, in the requested format and nothing else. */
  readonly out: (text: string) => void;
  /** Everything that is not the result: problems, progress, notes. */
  readonly err: (text: string) => void;
  /** Resolves when everything printed so far has been handed over. */
  readonly flush: () => Promise<void>;
  /** True where a person looks at stdout. */
  readonly interactive: boolean;
  /** True where a person looks at stderr. */
  readonly errInteractive: boolean;
  /** Characters a line of stdout holds. */
  readonly columns: () => number;
  readonly rows: () => number;
  /** For stdout. */
  readonly paint: Paint;
  /** For stderr. */
  readonly paintErr: Paint;
}

const COLUMNS_WITHOUT_TERMINAL = 120;
const ROWS_WITHOUT_TERMINAL = 40;

/** The terminal, pipe or file that this process was given. */
export function processIo(): Io {
  leaveQuietlyWhenNobodyReads();
  return {
    env: process.env,
    get cwd() {
      return currentFolder();
    },
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    flush: async () => {
      await Promise.all([drained(process.stdout), drained(process.stderr)]);
    },
    interactive: process.stdout.isTTY,
    errInteractive: process.stderr.isTTY,
    columns: () => process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL,
    rows: () => process.stdout.rows ?? ROWS_WITHOUT_TERMINAL,
    paint: painter(process.stdout.isTTY),
    paintErr: painter(process.stderr.isTTY),
  };
}

// Read when it is needed: the folder may be gone, and then only some commands mind.
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new OutsideError("the current folder is gone", { hint: "Go to one that exists: cd", cause });
  }
}

function painter(isTerminal: boolean): Paint {
  const colour = isTerminal && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  return (style, text) => (colour && text !== "" ? styleText(style, text, { validateStream: false }) : text);
}

// `gitfleet render | head` closes the pipe early: that is an end, not an error.
function leaveQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
    });
  }
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
