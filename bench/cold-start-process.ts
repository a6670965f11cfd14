/** A reader that knows nothing: told to, it fetches the head of a repository and takes the bytes of every fleet file in hand. */
import { hash } from "node:crypto";
import { once } from "node:events";
import { FleetReader } from "#fleet/read.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { openSource } from "#git/open-source.ts";
import { withLoopDelay } from "./loop-delay.ts";

/** What it tells its parent after "ready" and "read". */
export interface ColdStart {
  /** Of all contents in the order of their paths: that nothing else was read. */
  readonly digest: string;
  readonly loop_delay_p99_ms: number;
}

const repo = process.argv[2];
if (repo === undefined) throw new Error("needs the address of a repository");

async function readEverything(from: string): Promise<Uint8Array[]> {
  const source = await openSource({ repo: from });
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
}

process.send?.("ready");
await once(process, "message");
const { result, loop_delay_p99_ms } = await withLoopDelay(async () => await readEverything(repo));
process.send?.("read");
const answer: ColdStart = {
  digest: hash("sha256", Buffer.concat(result)),
  loop_delay_p99_ms,
};
process.send?.(answer, () => process.disconnect());
