/** Row 7: a commit that changes nothing for any device. */
import { interleaved, timed } from "../interleaved.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { ReconciledBucket } from "../reconciled-bucket.ts";
import { figure, type Figure, type Row, type RowContext, type SizeName } from "../row.ts";
import { nativeGit, servedRepository, type ServedRepository } from "../served-repository.ts";
import { pairsOf, SIZES } from "../sizes.ts";

const MORE_THAN_FETCHING_MS = 100;

export const noOpRow: Row = {
  row: 7,
  what: "a commit that changes nothing for any device",
  limitIs: "`git fetch` of the commit; the figure is what comes on top, from the poll to the record that says applied",
  async *measure(context) {
    const sizes: readonly SizeName[] = context.quick ? ["M"] : ["L", "XL"];
    for (const size of sizes) {
      const repository = await servedRepository(SIZES[size], context);
      for (const binary of context.natsServers) yield* await measureOn(binary, { size, repository }, context);
    }
  },
};

interface Measured {
  readonly size: SizeName;
  readonly repository: ServedRepository;
}

async function measureOn(
  binary: NatsBinary,
  { size, repository }: Measured,
  context: RowContext,
): Promise<readonly Figure[]> {
  context.say(`mirroring ${size} to nats-server ${binary.version}, to begin with`);
  const bucket = await ReconciledBucket.start(repository.url, binary, context);
  await bucket.applied((await nativeGit(["rev-parse", "main"], repository.path)).trim());
  const clone = `${repository.scratch}/clone-${binary.version}-${size}.git`;
  await nativeGit(["clone", "--quiet", "--bare", "--depth", "1", repository.url, clone], repository.scratch);
  const pairs = pairsOf(SIZES[size]);
  await bucket.figures();
  let commits = 0;
  const next = async (): Promise<string> => {
    commits += 1;
    return await repository.commit({ "README.md": `Nothing that a device would see, ${commits}.\n` });
  };
  const best = await interleaved(
    async () => {
      const commit = await next();
      return await timed(async () => {
        await bucket.poll();
        await bucket.applied(commit);
      });
    },
    async () => {
      await next();
      return await timed(() => nativeGit(["fetch", "--quiet", "--depth", "1", "origin", "main"], clone));
    },
  );
  const writes = (await bucket.lastSeq()) - pairs;
  const { loop_delay_p99_ms } = await bucket.figures();
  await bucket.stop();
  const common = { row: 7, size, nats: binary.version, loop_delay_p99_ms };
  const more = Math.max(0, best.ours - best.limit);
  return [
    figure({
      ...common,
      what: "no-op commit, beyond fetching it",
      unit: "ms",
      value: more,
      target: MORE_THAN_FETCHING_MS,
    }),
    figure({ ...common, what: "no-op commit, messages to devices", unit: "writes", value: writes, target: 0 }),
  ];
}
