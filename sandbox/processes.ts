/** Finds and ends what a device started where no namespace does it for us (as an ordinary user). */
import { readFileSync, readdirSync } from "node:fs";
import { until } from "./until.ts";

const GONE_WITHIN_MS = 5_000;

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
