/** Labels of a million devices: a third of the memory that a Map takes, since those with equal keys share them. */
import { interned } from "./interned.ts";
import type { Labels } from "./labels.ts";

/** Beyond so many, looking at each is no longer the fastest way to find one. */
const PACKED_MAX = 32;
/** So many different sets of keys are remembered; then it starts over. */
const KEY_SETS_MAX = 10_000;

/** Keys in the order they are written, and the set that one more key makes of them. */
interface KeySet {
  readonly keys: readonly string[];
  readonly with: Map<string, KeySet>;
}

const NO_KEYS: KeySet = { keys: [], with: new Map() };
let keySets = 0;

/** The labels of these pairs; no key comes twice. */
export function packedLabels(pairs: readonly (readonly [string, string])[]): Labels {
  if (pairs.length > PACKED_MAX) return new Map(pairs.map(([key, value]) => [interned(key), interned(value)]));
  let set = NO_KEYS;
  for (const [key] of pairs) set = set.with.get(key) ?? enlarged(set, interned(key));
  return new PackedLabels(
    set.keys,
    pairs.map(([, value]) => interned(value)),
  );
}

function enlarged(set: KeySet, key: string): KeySet {
  if (keySets >= KEY_SETS_MAX) {
    NO_KEYS.with.clear();
    keySets = 0;
  }
  const larger = { keys: [...set.keys, key], with: new Map<string, KeySet>() };
  set.with.set(key, larger);
  keySets += 1;
  return larger;
}

class PackedLabels implements Labels {
  readonly #keys: readonly string[];
  readonly #values: readonly string[];

  constructor(keys: readonly string[], values: readonly string[]) {
    this.#keys = keys;
    this.#values = values;
  }

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): string | undefined {
    const at = this.#keys.indexOf(key);
    return at < 0 ? undefined : this.#values[at];
  }

  has(key: string): boolean {
    return this.#keys.includes(key);
  }

  forEach(act: (value: string, key: string, labels: Labels) => void): void {
    for (const [at, key] of this.#keys.entries()) act(this.#values[at] ?? "", key, this);
  }

  *entries(): MapIterator<[string, string]> {
    for (let at = 0; at < this.#keys.length; at += 1) yield [this.#keys[at] ?? "", this.#values[at] ?? ""];
  }

  *keys(): MapIterator<string> {
    yield* this.#keys;
  }

  *values(): MapIterator<string> {
    yield* this.#values;
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }
}
