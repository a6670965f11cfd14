/** How many messages may be sent: so many a second, saved up for one second at most. */

/** A bound on the messages of all devices together. */
export class Allowance {
  readonly #perSecond: number | null;
  #left = 0;
  #lookedAtMs: number | null = null;

  /** Null: no bound. */
  constructor(perSecond: number | null) {
    this.#perSecond = perSecond;
  }

  /** True where one more may be sent now; it then counts as sent. */
  take(nowMs: number): boolean {
    if (this.#perSecond === null) return true;
    const passedMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    // A bound below one a second has to reach one message all the same.
    const most = Math.max(1, this.#perSecond);
    this.#left = Math.min(most, this.#left + (passedMs / 1_000) * this.#perSecond);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
