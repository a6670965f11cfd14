/** `gitfleet status --watch`: redraws on a terminal, prints a line for each change elsewhere, until it is stopped. */
import { plainLine } from "#fleet/escape.ts";
import type { NatsLink } from "#nats/link.ts";
import { sleep } from "#runtime/clock.ts";
import type { DeploymentName } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import type { Io } from "../io.ts";
import { follow, type Following } from "./follow.ts";
import { statusJson, statusOf, type FleetStatus } from "./status.ts";
import { short, statusText } from "./status-text.ts";

/** A terminal is redrawn, and lines are printed, at most this often. */
const DRAW_EVERY_MS = 250;
/** Without a change: ages and who is offline move on by themselves. */
const LOOK_EVERY_MS = 1_000;
const LINES_AROUND_TABLE = 9;

// No cursor, and long lines are cut rather than wrapped: each line stays one line.
const BEGIN = "\u001b[?25l\u001b[?7l";
const END = "\u001b[?25h\u001b[?7h";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_ALL = "\u001b[2J";

export interface WatchOptions {
  readonly only: DeploymentName | undefined;
  readonly format: "text" | "json";
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Watches until the signal aborts; that is a success. */
export async function watchStatus(link: NatsLink, options: WatchOptions): Promise<number> {
  const { io, signal } = options;
  let wake = Promise.withResolvers<void>();
  const following = await follow(link, { signal, changed: () => wake.resolve() });
  const show = options.format === "text" && io.interactive ? screen(io) : lines(options);
  const offline = offlineJudge(following);
  const onAbort = (): void => wake.resolve();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      offline();
      const nowMs = following.serverNowMs();
      show.draw(statusOf(following.fleet, { serverNowMs: nowMs, only: options.only }), nowMs, following.stale());
      wake = Promise.withResolvers();
      await sleep(DRAW_EVERY_MS, signal);
      await Promise.race([wake.promise, sleep(LOOK_EVERY_MS, signal)]);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    show.end();
    await following.stop();
  }
  return 0;
}

// Nobody becomes offline while we are the ones who are disconnected, nor for one such period after: heartbeats that
// were sent meanwhile had no way to reach us.
function offlineJudge({ fleet, stale, serverNowMs }: Following): () => void {
  let liveSinceMs: number | null = null;
  return () => {
    const nowMs = serverNowMs();
    if (stale() !== null) liveSinceMs = nowMs;
    const keep = liveSinceMs !== null && nowMs - liveSinceMs < fleet.offlineAfterMs();
    fleet.judgeOffline(nowMs, { keep });
  };
}

interface Show {
  draw(status: FleetStatus, nowMs: number, stale: string | null): void;
  end(): void;
}

// Overwrites line by line instead of clearing first: no flicker.
function screen(io: Io): Show {
  let last = "";
  io.out(BEGIN + CLEAR_ALL);
  return {
    draw(status, nowMs, stale) {
      const deploymentsMax = Math.max(1, io.rows() - LINES_AROUND_TABLE);
      const text = statusText(status, { paint: io.paint, nowMs, deploymentsMax });
      const note = stale === null ? io.paint("dim", "live, Ctrl-C ends") : io.paint("yellow", `not live: ${stale}`);
      const all = `${text}\n${note}`;
      if (all === last) return;
      last = all;
      const shown = all.split("\n").slice(0, io.rows() - 1);
      io.out(HOME + shown.map((line) => line + CLEAR_LINE).join("\n") + CLEAR_BELOW);
    },
    end: () => io.out(`${END}\n`),
  };
}

// What changed since the last line, a line each: made to be piped, grepped and read later.
function lines({ format, io }: WatchOptions): Show {
  const last = new Map<string, string>();
  const sayIfNew = (key: string, text: string, nowMs: number): void => {
    if (last.get(key) === text) return;
    last.set(key, text);
    io.out(format === "json" ? `${text}\n` : `${wireTime(nowMs)} ${text}\n`);
  };
  return {
    draw(status, nowMs, stale) {
      if (stale !== null) io.err(last.get("stale") === stale ? "" : `not live: ${plainLine(stale)}\n`);
      last.set("stale", stale ?? "");
      if (format === "json") return sayIfNew("all", statusJson(status), nowMs);
      sayIfNew("commit", commitLine(status), nowMs);
      sayIfNew("devices", `devices known=${status.devices.known} offline=${status.devices.offline}`, nowMs);
      const gone = new Set([...last.keys()].filter((key) => key.startsWith("deployment ")));
      for (const one of status.deployments) {
        gone.delete(`deployment ${one.deployment}`);
        sayIfNew(`deployment ${one.deployment}`, deploymentLine(one), nowMs);
      }
      for (const key of gone) {
        last.delete(key);
        io.out(`${wireTime(nowMs)} ${plainLine(key)} gone\n`);
      }
    },
    end: () => {},
  };
}

function commitLine({ record }: FleetStatus): string {
  if (record === null) return "commit none";
  const { applied, applying, refused } = record;
  const parts = [`commit applied=${applied === null ? "none" : short(applied)}`];
  if (applying !== null) parts.push(`applying=${short(applying)}`);
  if (refused !== null) parts.push(`${refused.reason}=${short(refused.commit)} "${plainLine(refused.message)}"`);
  return parts.join(" ");
}

function deploymentLine({ deployment, aggregate }: FleetStatus["deployments"][number]): string {
  const { matched, succeeded, pending, failed, offline, last_error: error } = aggregate;
  const counts = `running=${succeeded}/${matched} pending=${pending} failed=${failed} offline=${offline}`;
  const blame = error === null ? "" : ` ${plainLine(error.device_id)}: ${plainLine(error.message)}`;
  return `deployment ${plainLine(deployment)} ${counts}${blame}`;
}
