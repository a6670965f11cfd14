/**
 * A cache that holds no more than so many bytes and forgets first what was not used for long. Values live in two halves:
 * when the younger is full it becomes the older, and what was in the older and not asked for since is gone.
 */
export class SizedCache<K, V> {
  readonly #halfBytes: number;
  readonly #sizeOf: (value: V) => number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngBytes = 0;

  constructor(maxBytes: number, sizeOf: (value: V) => number) {
    this.#halfBytes = maxBytes / 2;
    this.#sizeOf = sizeOf;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Keeps `value`, which nothing else may have been kept under, unless it alone is more than half of a half. */
  set(key: K, value: V): void {
    const bytes = this.#sizeOf(value);
    if (bytes * 2 > this.#halfBytes) return;
    if (this.#youngBytes + bytes > this.#halfBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    if (this.#young.has(key)) return;
    this.#young.set(key, value);
    this.#youngBytes += bytes;
  }
}
