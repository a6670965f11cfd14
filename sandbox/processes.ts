/** Finds and ends what a device started where no namespace does it for us (as an ordinary user). */
import { readFileSync, readdirSync } from "node:fs";
import { until } from "./until.ts";

const GONE_WITHIN_MS = 5_000;
const PAUSED_WITHIN_MS = 2_000;

/** Kills every process that was started with a path below `folder`, and the containers under such a process. */
export async function killProcessesOf(folder: string): Promise<void> {
  const own = processes().filter(({ pid, command }) => pid !== process.pid && command.includes(`${folder}/`));
  const ids = new Set(own.map(({ pid }) => pid));
  const children = processes().filter(({ parent }) => ids.has(parent));
  const all = [...ids, ...children.map(({ pid }) => pid)];
  for (const pid of all) kill(pid);
  await until(`the processes of ${folder} are gone`, () => !processes().some(({ pid }) => all.includes(pid)), {
    limitMs: GONE_WITHIN_MS,
  });
}

/** SIGSTOP. Returns when every thread stands still (Linux): on a busy machine some run on for a moment. */
export function pauseProcess(pid: number): void {
  process.kill(pid, "SIGSTOP");
  const deadlineMs = performance.now() + PAUSED_WITHIN_MS;
  while (runsStill(pid) && performance.now() < deadlineMs);
}

function runsStill(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      return !"TtZX".includes(status.charAt(status.lastIndexOf(")") + 2));
    });
  } catch {
    return false;
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes that run, without those that ended and only wait to be collected. */
function processes(): Process[] {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      const status = readFileSync(`/proc/${id}/stat`, "utf8");
      const [state = "", parent = "0"] = status.slice(status.lastIndexOf(")") + 2).split(" ");
      if ("ZX".includes(state)) return [];
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(id), parent: Number(parent), command }];
    } catch {
      return [];
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was faster.
  }
}
