/** Logging for programs that run for long: a constant sentence plus fields, on stderr; JSON unless a person watches. */
import { pino } from "pino";
import type { LogFormat, LogLevel } from "./log-choices.ts";

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

/** A logger that writes whole lines synchronously: the last words before a crash are not lost. */
export function createLogger({ name, level = "info", format = "auto", write }: LoggerOptions): Logger {
  const asText = format === "text" || (format === "auto" && process.stderr.isTTY);
  const colour = asText && process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "";
  const raw = write ?? pinoStderr();
  const out = asText ? (line: string) => raw(lineForPeople(line, colour)) : raw;
  return pino(
    {
      level,
      base: { name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
    },
    { write: out },
  );
}

/** A logger that says nothing, for short commands and tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

function pinoStderr(): (line: string) => void {
  const destination = pino.destination({ fd: 2, sync: true });
  // A closed stderr (the terminal is gone) must not end a daemon.
  destination.on("error", () => {});
  return (line) => {
    destination.write(line);
  };
}

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
