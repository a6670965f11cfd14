/** Which program a unit starts: the one that is running now, by paths that hold after this shell is gone. */
import { dirname, join } from "node:path";

/** How this process was started. */
export interface RunningAs {
  /** True in a single executable: node and gitfleet in one file. */
  readonly single: boolean;
  /** node, or the single executable. */
  readonly execPath: string;
  /** The script that node runs, links followed; null in a single executable. */
  readonly script: string | null;
  readonly exists: (path: string) => boolean;
}

/** The program and the words before the options of `gitfleet agent`. */
export function agentWords({ single, execPath, script, exists }: RunningAs): string[] {
  if (single || script === null) return [execPath, "agent"];
  // A checkout has a program of its own, which finds the right Node.
  const ofCheckout = join(dirname(dirname(script)), "bin/gitfleet");
  if (script.endsWith(".ts") && exists(ofCheckout)) return [ofCheckout, "agent"];
  // An npm package: by node's own path, because a service has no PATH that leads to it.
  return [execPath, script, "agent"];
}
