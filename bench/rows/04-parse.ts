/** Row 4: every file of a fleet from its bytes to checked objects, every problem with its place. */
import { load } from "js-yaml";
import { FleetReader } from "#fleet/read.ts";
import type { Snapshot } from "#fleet/snapshot.ts";
import { fleetFiles, type GeneratedFile } from "../generated-fleet.ts";
import { interleaved, ROUNDS, timed } from "../interleaved.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { SIZES, type FleetSize } from "../sizes.ts";
import { spoiled } from "../spoiled-fleet.ts";
import { documentSchema } from "../strict-schemas.ts";

const TARGET = 4;
/** The smaller size is over soon, and one slow moment of the machine would be most of it. */
const QUICK_ROUNDS = 7;

/** The whole fleet as both sides are given it: bytes, one text per file. */
interface Given {
  readonly snapshot: Snapshot;
  readonly json: readonly Uint8Array[];
}

export const parseRow: Row = {
  row: 4,
  what: "parse and validate every file, every error with its position",
  limitIs: "UTF-8 decoding, JSON.parse and strict zod schemas over the same documents as JSON, one thread",
  async *measure(context) {
    const size = context.quick ? SIZES.M : SIZES.L;
    yield await measureVariant(context, size, "all files valid", fleetFiles(size));
    yield await measureVariant(context, size, "1 % of the files with an error", spoiled(fleetFiles(size)));
  },
};

async function measureVariant(
  { quick, signal, say }: RowContext,
  size: FleetSize,
  variant: string,
  files: Iterable<GeneratedFile>,
): Promise<Figure> {
  say(`${size.name}, ${variant}`);
  const { snapshot, json } = given(files);
  const counts = { ours: -1, limit: -1 };
  const { ours, limit } = await interleaved(
    () => measured(signal, () => (counts.ours = problemFiles(snapshot))),
    () => measured(signal, () => (counts.limit = rejected(json))),
    quick ? QUICK_ROUNDS : ROUNDS,
  );
  if (counts.ours !== counts.limit) {
    throw new Error(`gitfleet found problems in ${counts.ours} files and the schemas in ${counts.limit}`);
  }
  const what = `${parseRow.what}: ${variant}`;
  return figure({ row: 4, what, size: size.name, unit: "ms", value: ours, limit, target: TARGET });
}

/** Garbage of the round before is not counted against this one. */
async function measured(signal: AbortSignal, work: () => unknown): Promise<number> {
  signal.throwIfAborted();
  globalThis.gc?.();
  return await timed(work);
}

function given(files: Iterable<GeneratedFile>): Given {
  const encoder = new TextEncoder();
  const contents = new Map<string, Uint8Array>();
  const json: Uint8Array[] = [];
  const entries = [...files].map(({ path, text }) => {
    const bytes = encoder.encode(text);
    contents.set(path, bytes);
    json.push(encoder.encode(JSON.stringify(load(text))));
    return { path, kind: "file" as const, id: path, sizeBytes: bytes.length };
  });
  return { snapshot: { entries, content: (id) => contents.get(id) }, json };
}

/** In how many files a reader that knows nothing yet finds a problem. */
function problemFiles(snapshot: Snapshot): number {
  const { problems } = new FleetReader().read(snapshot);
  return new Set(problems.map(({ file }) => file)).size;
}

/** How many texts the schemas refuse. What they accept is kept until the end, as a reader does. */
function rejected(texts: readonly Uint8Array[]): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const results = texts.map((bytes) => documentSchema.safeParse(JSON.parse(decoder.decode(bytes))));
  return results.filter(({ success }) => !success).length;
}
