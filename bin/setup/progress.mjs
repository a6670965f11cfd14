/** Says what the set-up is doing, and runs programs so that a person sees that something happens. */
import { spawn } from "node:child_process";

const HEARTBEAT_MS = 5_000;
const TAIL_LINES = 20;
const LINES_MAX = 10_000;
const LINE_MAX_CHARS = 100;

/** The set-up cannot go on; `next` are the lines that say what to do. */
export class SetupError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}

/** Prints a line for people: on stderr, for stdout belongs to the command that follows. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program to its end under a title; gives { code, lines, tail }: what it printed and the end of that.
 * While it runs, its latest line is shown every few seconds.
 */
export async function runWithProgress(title, command, args, options = {}) {
  say(`… ${title}: ${command} ${args.join(" ")}`);
  const started = Date.now();
  const lines = [];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const keep = (chunk) => {
    lines.push(
      ...chunk
        .toString()
        .split(/[\r\n]+/)
        .filter((line) => line.trim() !== ""),
    );
    lines.splice(0, Math.max(0, lines.length - LINES_MAX));
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const heartbeat = setInterval(() => {
    const latest = (lines.at(-1) ?? "").trim().slice(0, LINE_MAX_CHARS);
    say(`  ${seconds(started)} ${latest}`);
  }, HEARTBEAT_MS);
  const code = await new Promise((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => {
      keep(error.message);
      resolve(127);
    });
  });
  clearInterval(heartbeat);
  if (code === 0) say(`✓ ${title} (${seconds(started)})`);
  return { code: code ?? 1, lines, tail: lines.slice(-TAIL_LINES) };
}

function seconds(startedMs) {
  return `${Math.round((Date.now() - startedMs) / 1_000)} s`;
}
