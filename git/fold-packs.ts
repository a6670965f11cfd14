/** Many small packs as one: what is still reachable, every object whole, so that neither packs nor chains of deltas grow. */
import { deflateSync } from "node:zlib";
import { needCommit } from "./commit.ts";
import { MemoryIndex } from "./memory-index.ts";
import type { ObjectCache } from "./object-cache.ts";
import type { ObjectId, ObjectReader } from "./objects.ts";
import { entryHeader } from "./pack-writer.ts";
import { Pack, type Place } from "./pack.ts";
import { parseTree } from "./tree.ts";
import type { Turn } from "./turn.ts";

/** Fast rather than small: most of it is folded again soon. */
const DEFLATE_LEVEL = 1;

export interface FoldFrom {
  readonly objects: ObjectReader;
  /** Where an object stands in the packs to be folded; null where it is elsewhere and stays there. */
  readonly find: (id: ObjectId) => Place | null;
  /** Commits whose contents must stay. */
  readonly commits: readonly ObjectId[];
  readonly cache: ObjectCache;
  readonly turn: Turn;
}

/** A pack that is made from others, and its size. */
export interface FoldedPack {
  readonly pack: Pack;
  readonly sizeBytes: number;
}

/** Folds. What the commits do not reach is left out. Rejects with `corrupt` or `aborted`; nothing is changed then. */
export async function foldPacks(from: FoldFrom): Promise<FoldedPack> {
  const parts: Buffer[] = [];
  const offsets = new Map<ObjectId, number>();
  let sizeBytes = 0;
  for (const [id, place] of await reachable(from)) {
    if (from.turn.isOver()) await from.turn.yield();
    const { header, packed } = wholeEntry(id, place, from.objects);
    offsets.set(id, sizeBytes);
    parts.push(header, packed);
    sizeBytes += header.length + packed.length;
  }
  const bytes = Buffer.concat(parts);
  const index = new MemoryIndex(sizeBytes);
  for (const [id, at] of offsets) {
    index.addEntry(at);
    index.addObject(id, at);
  }
  const pack = new Pack(index, (start, end) => bytes.subarray(start, end), from.cache.forPack(sizeBytes));
  return { pack, sizeBytes };
}

// Folders that are not in the packs to be folded reach nothing in them: a pack that was whole when it came holds all that
// its folders name.
async function reachable({ objects, find, commits, turn }: FoldFrom): Promise<Map<ObjectId, Place>> {
  const found = new Map<ObjectId, Place>();
  const trees: ObjectId[] = [];
  const visit = (id: ObjectId, isTree: boolean): void => {
    const place = found.has(id) ? null : find(id);
    if (place === null) return;
    found.set(id, place);
    if (isTree) trees.push(id);
  };
  for (const id of commits) {
    visit(id, false);
    visit(needCommit(objects, id).tree, true);
  }
  for (let tree = trees.pop(); tree !== undefined; tree = trees.pop()) {
    if (turn.isOver()) await turn.yield();
    for (const { id, kind } of parseTree(objects.read(tree)?.bytes ?? Buffer.alloc(0))) visit(id, kind === "folder");
  }
  return found;
}

function wholeEntry(id: ObjectId, { pack, at }: Place, objects: ObjectReader): { header: Buffer; packed: Buffer } {
  const whole = pack.wholeAt(at);
  if (whole !== null) return { header: entryHeader(whole.type, whole.sizeBytes), packed: whole.packed };
  const object = objects.read(id);
  if (object === null) throw new Error(`the object ${id} was there a moment ago`);
  const packed = deflateSync(object.bytes, { level: DEFLATE_LEVEL });
  return { header: entryHeader(object.type, object.bytes.length), packed };
}
