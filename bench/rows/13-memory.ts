/** Row 13: how much of the machine the reconciler takes. */
import { deploymentText, fileWithDevice, pathOf } from "../generated-fleet.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { ReconciledBucket } from "../reconciled-bucket.ts";
import { figure, type Figure, type Row, type RowContext, type SizeName } from "../row.ts";
import { nativeGit, servedRepository, type ServedRepository } from "../served-repository.ts";
import { storeStates } from "../reported-fleet.ts";
import { SIZES } from "../sizes.ts";

/** In megabytes; the quick one is below what a small fleet takes today. */
const TARGETS: Readonly<Partial<Record<SizeName, number>>> = { M: 400, L: 600, XL: 1_500 };
const COMMITS = 3;

export const memoryRow: Row = {
  row: 13,
  what: "resident memory of the reconciler",
  limitIs: "nothing: the target is absolute",
  async *measure(context) {
    const sizes: readonly SizeName[] = context.quick ? ["M"] : ["L", "XL"];
    for (const size of sizes) {
      const repository = await servedRepository(SIZES[size], context);
      for (const binary of context.natsServers) yield* await measureOn(binary, size, { repository, context });
    }
  },
};

async function measureOn(
  binary: NatsBinary,
  name: SizeName,
  { repository, context }: { readonly repository: ServedRepository; readonly context: RowContext },
): Promise<readonly Figure[]> {
  const size = SIZES[name];
  context.say(`mirroring ${name} to nats-server ${binary.version}, then ${COMMITS} commits`);
  const bucket = await ReconciledBucket.start(repository.url, binary, context);
  const apply = async (commit: string): Promise<void> => {
    await bucket.poll();
    await bucket.applied(commit);
  };
  await bucket.applied((await nativeGit(["rev-parse", "main"], repository.path)).trim());
  context.say("storing what all devices report");
  await bucket.report(async (connection) => await storeStates(connection, size));
  for (let revision = 1; revision <= COMMITS; revision += 1) {
    const moved = fileWithDevice(size, revision, { site: `moved-${revision}` });
    await apply(
      await repository.commit({
        ...(size.files === "one-each" ? { [pathOf(size, "deployments", 0)]: deploymentText(size, 0, revision) } : {}),
        [moved.path]: moved.text,
      }),
    );
  }
  const { nowMb, peakMb } = bucket.memory();
  const { loop_delay_p99_ms } = await bucket.figures();
  await bucket.stop();
  const common = { row: 13, size: name, unit: "MB", target: TARGETS[name] ?? 0, nats: binary.version } as const;
  return [
    figure({
      ...common,
      what: "resident memory after a mirror, all states and some commits (VmRSS)",
      value: nowMb,
      loop_delay_p99_ms,
    }),
    figure({ ...common, what: "the most that it ever was (VmHWM)", value: peakMb, loop_delay_p99_ms }),
  ];
}
