/** What is to be looked at again, and when: many entries at little cost each, told apart by slots of time. */

/** Moments within the same slot are not told apart. */
const SLOT_MS = 10;

/** Numbers, each with the moment from which on it is due. */
export class Timetable {
  readonly #slots = new Map<number, number[]>();
  #reached: number | null = null;

  /** The same number may stand there several times. */
  add(entry: number, dueAtMs: number): void {
    const slot = Math.max(Math.ceil(dueAtMs / SLOT_MS), (this.#reached ?? Number.NEGATIVE_INFINITY) + 1);
    const entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, [entry]);
    else entries.push(entry);
  }

  /** Takes out what is due by now, earliest first. */
  take(nowMs: number): number[] {
    const now = Math.floor(nowMs / SLOT_MS);
    this.#reached = Math.max(now, this.#reached ?? now);
    const due = [...this.#slots.keys()].filter((slot) => slot <= now).toSorted((a, b) => a - b);
    return due.flatMap((slot) => {
      const entries = this.#slots.get(slot) ?? [];
      this.#slots.delete(slot);
      return entries;
    });
  }
}
