/** A reader that knows nothing: fetches the head of a repository and takes every fleet file's bytes in hand, once. */
import { hash } from "node:crypto";
import { FleetReader } from "#fleet/read.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { openSource } from "#git/open-source.ts";
import { withLoopDelay } from "./loop-delay.ts";

/** What it tells its parent. */
export interface ColdStart {
  readonly files: number;
  readonly bytes: number;
  /** Of all contents in the order of their paths: that nothing else was read. */
  readonly digest: string;
  readonly rssMb: number;
  readonly loop_delay_p99_ms: number;
}

const repo = process.argv[2];
if (repo === undefined) throw new Error("needs the address of a repository");
const { result, loop_delay_p99_ms } = await withLoopDelay(async () => {
  const source = await openSource({ repo });
  const commit = await source.head("main");
  await source.ensureCommit(commit);
  const reader = new FleetReader();
  const snapshot = await new FleetSnapshots().read(source.objects, {
    commit,
    wants: (entries) => reader.wants(entries),
  });
  const contents = snapshot.entries.map(({ id }) => snapshot.content(id) ?? new Uint8Array());
  await source.close();
  return contents;
});
process.send?.("read");
const answer: ColdStart = {
  files: result.length,
  bytes: result.reduce((sum, { length }) => sum + length, 0),
  digest: hash("sha256", Buffer.concat(result)),
  rssMb: process.resourceUsage().maxRSS / 1_024,
  loop_delay_p99_ms,
};
process.send?.(answer, () => process.disconnect());
