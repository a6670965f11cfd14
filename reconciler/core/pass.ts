/** One pass over what differs: the writes one after the other, each worked out in the moment in which it can be sent. */
import type { PairBlock } from "#fleet/pair-values.ts";
import type { Spot } from "./spot.ts";
import { isAnnounced, markersAllowed, stanceOf, type Stance } from "./stance.ts";
import type { State } from "./state.ts";
import type { KeyAction, Target } from "./target.ts";
import type { Write, WriteRow } from "./write.ts";

/** First what is missing, then what is old, then what is too much; markers where there is no value come last. */
const VALUE_ACTIONS: readonly KeyAction[] = ["add", "update", "remove"];

/** Gives a write only while the pass is what the state asks for: it is judged anew whenever anything was seen meanwhile. */
export class Pass implements WriteRow {
  readonly target: Target;
  readonly #state: State;
  readonly #approved: boolean;
  readonly #epoch: number;
  readonly #writes: Iterator<Write, undefined>;
  #judgedVersion: number;

  constructor(state: State, { target, approved }: Extract<Stance, { kind: "pursue" }>) {
    this.#state = state;
    this.target = target;
    this.#approved = approved;
    this.#epoch = state.epoch;
    this.#judgedVersion = state.version;
    this.#writes = this.#inOrder();
  }

  /** Null where there is no more, for now. */
  next(): Write | null {
    if (this.#state.version !== this.#judgedVersion) {
      if (!this.#isWanted()) return null;
      this.#judgedVersion = this.#state.version;
    }
    return this.#writes.next().value ?? null;
  }

  #isWanted(): boolean {
    const stance = stanceOf(this.#state);
    if (stance.kind !== "pursue" || stance.target !== this.target || stance.approved !== this.#approved) return false;
    return this.#state.epoch === this.#epoch && this.#state.leaseHeld && isAnnounced(this.#state, this.target);
  }

  *#inOrder(): Generator<Write, undefined> {
    for (const action of VALUE_ACTIONS) if (this.target.open[action] > 0) yield* this.#writesFor(action);
    if (this.target.open.mark > 0 && this.#mayMark()) {
      for (const write of this.#writesFor("mark")) {
        if (!this.#mayMark()) return;
        yield write;
      }
    }
  }

  #mayMark(): boolean {
    return this.#state.synced["device-state"] && markersAllowed(this.#state, this.target, this.#approved);
  }

  *#writesFor(action: KeyAction): Generator<Write, undefined> {
    for (const candidates of this.target.candidates(action)) {
      const { shelf, numbers } = candidates;
      // By index: this is run through a million times, and each iterator makes an object for each step.
      for (let at = 0; at < numbers.length; at += 1) {
        const spot = { shelf, number: numbers[at] ?? 0 };
        if (this.target.isDue(candidates, spot)) yield this.#writeTo(spot, candidates.block);
      }
    }
  }

  #writeTo(spot: Spot, block: PairBlock | null): Write {
    const { holdings } = this.#state;
    const { spots } = holdings;
    const { shelf, number } = spot;
    const key = spots.keyAt(spot);
    const expectedRevision = holdings.revisionAt(spot);
    if (block === null) return { kind: "delete", key, shelf, number, spots, expectedRevision };
    const value = block.valueOn(number);
    const fingerprint = this.target.fingerprintOn(block, spot, value);
    return { kind: "put", key, shelf, number, spots, value, fingerprint, expectedRevision };
  }
}
