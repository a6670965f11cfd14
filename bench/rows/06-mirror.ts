/** Row 6: a whole fleet into an empty bucket. */
import { join } from "node:path";
import { scratchFolder } from "#sandbox/scratch.ts";
import { createGeneratedRepository } from "../generated-repository.ts";
import { ROUNDS } from "../interleaved.ts";
import type { NatsBinary } from "../nats-binaries.ts";
import { RawPublisher } from "../raw-publisher.ts";
import { ReconciledBucket } from "../reconciled-bucket.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { pairsOf, SIZES, type FleetSize } from "../sizes.ts";

const TARGET = 1.15;

export const mirrorRow: Row = {
  row: 6,
  what: "mirror into an empty bucket",
  limitIs: "the same subjects, headers and payloads published by the same client, with as many on their way",
  async *measure(context) {
    const size = context.quick ? SIZES.M : SIZES.XL;
    const folder = scratchFolder("bench-mirror");
    context.undo.add(folder.path, () => folder.remove());
    context.say(`making the repository of size ${size.name}`);
    const { path } = await createGeneratedRepository(join(folder.path, "fleet.git"), size);
    for (const binary of context.natsServers) yield await measureOn(binary, path, size, context);
  },
};

async function measureOn(binary: NatsBinary, repo: string, size: FleetSize, context: RowContext): Promise<Figure> {
  const best = { value: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY, delay: Number.POSITIVE_INFINITY };
  let bare: RawPublisher | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    context.say(`mirroring ${size.name} to nats-server ${binary.version}, round ${round + 1} of ${ROUNDS}`);
    const bucket = await ReconciledBucket.start(repo, binary, context);
    const { beganMs, endedMs } = await bucket.written(pairsOf(size));
    best.value = Math.min(best.value, endedMs - beganMs);
    best.delay = Math.min(best.delay, (await bucket.figures()).loop_delay_p99_ms);
    const { url } = bucket.server;
    // Its own messages, so that nothing about the two can differ.
    bare ??= await RawPublisher.holding({ server: url, fromSeq: 1, count: pairsOf(size) }, binary, context);
    await bucket.stop();
    best.limit = Math.min(best.limit, await bare.publish());
  }
  await bare?.stop();
  return figure({
    row: 6,
    what: mirrorRow.what,
    size: size.name,
    unit: "ms",
    value: best.value,
    limit: best.limit,
    target: TARGET,
    nats: binary.version,
    loop_delay_p99_ms: best.delay,
  });
}
