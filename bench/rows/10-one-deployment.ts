/** Row 10: one commit that is about every device. */
import { everywhereText } from "../generated-fleet.ts";
import { ROUNDS, timed } from "../interleaved.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { RawPublisher } from "../raw-publisher.ts";
import { ReconciledBucket } from "../reconciled-bucket.ts";
import { figure, type Figure, type Row, type RowContext, type SizeName } from "../row.ts";
import { nativeGit, servedRepository, type ServedRepository } from "../served-repository.ts";
import { SIZES } from "../sizes.ts";

const TARGET = 1.2;
const FILE = "deployments/everywhere.yaml";
const NAME = "name: everywhere\n";

export const oneDeploymentRow: Row = {
  row: 10,
  what: "a new deployment for every device, from the poll to the last key",
  limitIs: "`git fetch` of the commit, then the same messages published by the same client",
  async *measure(context) {
    const size: SizeName = context.quick ? "M" : "L";
    const repository = await servedRepository(SIZES[size], context);
    for (const binary of context.natsServers) yield await measureOn(binary, { size, repository }, context);
  },
};

interface Measured {
  readonly size: SizeName;
  readonly repository: ServedRepository;
}

async function measureOn(binary: NatsBinary, { size, repository }: Measured, context: RowContext): Promise<Figure> {
  const { devices } = SIZES[size];
  context.say(`mirroring ${size} to nats-server ${binary.version}, to begin with`);
  const bucket = await ReconciledBucket.start(repository.url, binary, context);
  await bucket.applied((await nativeGit(["rev-parse", "main"], repository.path)).trim());
  const clone = `${repository.scratch}/clone-${binary.version}.git`;
  await nativeGit(["clone", "--quiet", "--bare", "--depth", "1", repository.url, clone], repository.scratch);
  await bucket.figures();
  const best = { value: Number.POSITIVE_INFINITY, fetch: Number.POSITIVE_INFINITY, publish: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round += 1) {
    context.say(`one deployment for ${devices} devices, round ${round + 1} of ${ROUNDS}`);
    const before = await bucket.lastSeq();
    const added = await repository.commit({ [FILE]: deploymentOf(round) });
    best.value = Math.min(best.value, await timeToWrite(bucket, before + devices));
    await bucket.applied(added);
    const fetch = (): Promise<string> => nativeGit(["fetch", "--quiet", "--depth", "1", "origin", "main"], clone);
    best.fetch = Math.min(best.fetch, await timed(fetch));
    const from = { server: bucket.server.url, fromSeq: before + 1, count: devices };
    const bare = await RawPublisher.holding(from, binary, context);
    best.publish = Math.min(best.publish, await bare.publish());
    await bare.stop();
    await removeAgain(bucket, repository, before + 2 * devices);
  }
  const { loop_delay_p99_ms } = await bucket.figures();
  await bucket.stop();
  const { value, fetch, publish } = best;
  const common = { row: 10, what: oneDeploymentRow.what, size, nats: binary.version, loop_delay_p99_ms };
  return figure({ ...common, unit: "ms", value, limit: fetch + publish, target: TARGET });
}

async function timeToWrite(bucket: ReconciledBucket, upToSeq: number): Promise<number> {
  return await timed(async () => {
    await bucket.poll();
    await bucket.written(upToSeq);
  });
}

// By another name in each round: its keys were never there, so the bare publishes are as new as the real ones.
function deploymentOf(round: number): string {
  return everywhereText(round).replace(NAME, `name: everywhere-${round}\n`);
}

async function removeAgain(bucket: ReconciledBucket, repository: ServedRepository, upToSeq: number): Promise<void> {
  const commit = await repository.commit({ [FILE]: null });
  await bucket.poll();
  await bucket.written(upToSeq);
  await bucket.applied(commit);
}
