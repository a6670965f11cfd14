/** How many keys differ, by what has to be done to them, on each shelf and in all. */

/** What has to be done to one key. `mark` and `unmark` are about markers where there is no value. */
export type KeyAction = "add" | "update" | "remove" | "mark" | "unmark";

export const KEY_ACTIONS: readonly KeyAction[] = ["add", "update", "remove", "mark", "unmark"];

const FIRST_SHELVES = 64;

export class OpenCounts {
  readonly #total: Record<KeyAction, number>;
  readonly #byShelf: Record<KeyAction, Int32Array>;

  constructor(from?: OpenCounts) {
    this.#total = from === undefined ? { add: 0, update: 0, remove: 0, mark: 0, unmark: 0 } : { ...from.#total };
    const columnOf = (action: KeyAction): Int32Array =>
      from === undefined ? new Int32Array(FIRST_SHELVES) : from.#byShelf[action].slice();
    this.#byShelf = {
      add: columnOf("add"),
      update: columnOf("update"),
      remove: columnOf("remove"),
      mark: columnOf("mark"),
      unmark: columnOf("unmark"),
    };
  }

  get add(): number {
    return this.#total.add;
  }

  get update(): number {
    return this.#total.update;
  }

  get remove(): number {
    return this.#total.remove;
  }

  get mark(): number {
    return this.#total.mark;
  }

  get unmark(): number {
    return this.#total.unmark;
  }

  on(shelf: number, action: KeyAction): number {
    return this.#byShelf[action][shelf] ?? 0;
  }

  count(shelf: number, action: KeyAction, change: number): void {
    this.#total[action] += change;
    let column = this.#byShelf[action];
    if (shelf >= column.length) {
      const longer = new Int32Array(Math.max(shelf + 1, column.length * 2));
      longer.set(column);
      column = longer;
      this.#byShelf[action] = column;
    }
    column[shelf] = (column[shelf] ?? 0) + change;
  }

  /** Nothing is known of this shelf any more. */
  clear(shelf: number): void {
    for (const action of KEY_ACTIONS) this.count(shelf, action, -this.on(shelf, action));
  }
}
