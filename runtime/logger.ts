/** Logging for programs that run for long: a constant sentence plus fields, on stderr; JSON unless a person watches. */
import { LOG_LEVELS, type LogFormat, type LogLevel } from "./log-choices.ts";
import { loggedError } from "./log-error.ts";
import { writeStderr } from "./write-stderr.ts";

/** One line: either a sentence, or fields and a sentence. Errors go in the field `err`. */
export interface LogLine {
  (fields: object, sentence: string): void;
  (sentence: string): void;
}

/** Where a program says what it does. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** The same, with these fields on every line. */
  child(fields: Record<string, unknown>): Logger;
}

/** What a logger is made of; `write` is where lines go, stderr when left out. */
export interface LoggerOptions {
  readonly name: string;
  readonly level?: LogLevel;
  readonly format?: LogFormat;
  readonly write?: (line: string) => void;
}

/** A logger that writes whole lines at once. */
export function createLogger({ name, level = "info", format = "auto", write = writeStderr }: LoggerOptions): Logger {
  const asText = format === "text" || (format === "auto" && process.stderr.isTTY);
  const colour = asText && process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "";
  const out = asText ? (line: string) => write(lineForPeople(line, colour)) : write;
  return loggerWith({ name }, LOG_LEVELS.indexOf(level), out);
}

function loggerWith(base: object, least: number, out: (line: string) => void): Logger {
  const at = (level: LogLevel): LogLine => {
    if (LOG_LEVELS.indexOf(level) < least) return () => {};
    return (first: object | string, sentence?: string) => {
      const [fields, msg] = typeof first === "string" ? [{}, first] : [first, sentence ?? ""];
      out(lineOf({ level, time: new Date().toISOString(), ...base }, fields, msg));
    };
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => loggerWith({ ...base, ...fields }, least, out),
  };
}

function lineOf(head: object, fields: object, msg: string): string {
  const shown = "err" in fields ? { ...fields, err: loggedError(fields.err) } : fields;
  try {
    return `${JSON.stringify({ ...head, ...shown, msg })}\n`;
  } catch {
    // Fields that JSON cannot hold: the sentence is worth more than they are.
    return `${JSON.stringify({ ...head, msg })}\n`;
  }
}

/** A logger that says nothing, for short commands and tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

const HIDDEN_FIELDS = new Set(["level", "time", "name", "msg", "err"]);
const COLOURS: Record<string, number> = { debug: 90, info: 36, warn: 33, error: 31 };

/** `12:30:01 info  pull image again device=kiosk-0001`, from a line of JSON. */
export function lineForPeople(json: string, colour = false): string {
  const line = JSON.parse(json) as Record<string, unknown> & { level: string; time: string; msg?: string };
  const fields = Object.entries(line).filter(([key]) => !HIDDEN_FIELDS.has(key));
  const painted = colour ? `\u001b[${COLOURS[line.level] ?? 0}m${line.level.padEnd(5)}\u001b[0m` : line.level.padEnd(5);
  const parts = [line.time.slice(11, 19), painted, printable(line.msg ?? "")];
  for (const [key, value] of fields) parts.push(`${key}=${fieldText(value)}`);
  const err = line["err"] as { message?: string } | undefined;
  if (err !== undefined) parts.push(`err=${fieldText(err.message ?? err)}`);
  return `${parts.join(" ")}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"]+$/.test(text) ? printable(text) : JSON.stringify(value);
}

// What devices and repositories write may carry terminal control sequences.
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\uFFFD");
}
