/** A reader that follows a branch as the reconciler does: told to look, it brings what changed to a checked fleet. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { FleetReader } from "#fleet/read.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { openSource } from "#git/open-source.ts";

/** What one look came to. */
export interface Caught {
  readonly commit: string;
  /** From the poll to the fleet with the change in it. */
  readonly ms: number;
  /** Files that differ from those of the look before. */
  readonly changed: readonly string[];
  /** What the device says that was asked about; null where there is none. */
  readonly label: string | null;
}

/** What it costs beside time, since it was asked last. */
export interface FollowerCosts {
  readonly rssMb: number;
  readonly writtenBytes: number;
  readonly loop_delay_p99_ms: number;
}

/** What it is told: to look, and to say the label `round` of a device; or to say what it costs. */
export type FollowerTask = { readonly kind: "catch-up"; readonly device: string } | { readonly kind: "costs" };

const repo = process.argv[2];
if (repo === undefined) throw new Error("needs the address of a repository");
const source = await openSource({ repo });
const snapshots = new FleetSnapshots();
const reader = new FleetReader();
const delay = monitorEventLoopDelay({ resolution: 1 });

async function catchUp(device: string): Promise<Caught> {
  const fromMs = performance.now();
  const commit = await source.head("main");
  await source.ensureCommit(commit);
  const since = reader.listing;
  const snapshot = await snapshots.read(source.objects, {
    commit,
    since,
    wants: (entries) => reader.wants(entries),
  });
  const { fleet } = reader.read(snapshot);
  const ms = performance.now() - fromMs;
  if (fleet === null) throw new Error("the fleet has problems");
  const changes = since === null ? null : snapshot.changesSince?.(since);
  const found = [...fleet.devices.values()].find(({ id }) => id === device);
  return {
    commit,
    ms,
    changed: changes?.changed.map(({ path }) => path) ?? [],
    label: found?.labels.get("round") ?? null,
  };
}

let writtenBefore = 0;

function costs(): FollowerCosts {
  globalThis.gc?.();
  // The system counts blocks of 512 bytes.
  const written = process.resourceUsage().fsWrite * 512;
  const writtenBytes = written - writtenBefore;
  writtenBefore = written;
  const loop_delay_p99_ms = delay.percentile(99) / 1e6;
  delay.reset();
  return { rssMb: process.memoryUsage.rss() / 1_048_576, writtenBytes, loop_delay_p99_ms };
}

process.on("message", (task: FollowerTask) => {
  const done = task.kind === "costs" ? Promise.resolve(costs()) : catchUp(task.device);
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit(0));
delay.enable();
