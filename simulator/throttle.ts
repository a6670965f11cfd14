/** Lets at most so many messages a second through; of several about one key only the last. */

/** What waits for its turn. */
export class Throttle<T> {
  readonly #waiting = new Map<string, T>();
  readonly #perSecond: number | null;
  #allowance = 0;
  #lookedAtMs: number | null = null;

  /** Null: no bound. */
  constructor(perSecond: number | null) {
    this.#perSecond = perSecond;
  }

  /** The newest message about a key takes the place of an older one that still waits. */
  add(key: string, message: T): void {
    this.#waiting.set(key, message);
  }

  /** How many wait. */
  size(): number {
    return this.#waiting.size;
  }

  /** The messages whose turn it is, oldest first. */
  take(nowMs: number): T[] {
    const taken = [...this.#waiting].slice(0, this.#room(nowMs));
    for (const [key] of taken) this.#waiting.delete(key);
    if (this.#perSecond !== null) this.#allowance -= taken.length;
    return taken.map(([, message]) => message);
  }

  // At most one second's worth is saved up.
  #room(nowMs: number): number {
    if (this.#perSecond === null) return this.#waiting.size;
    const passedMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    this.#allowance = Math.min(this.#perSecond, this.#allowance + (passedMs / 1_000) * this.#perSecond);
    return Math.floor(this.#allowance);
  }
}
