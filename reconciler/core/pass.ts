/** One pass over what differs: the writes one after the other, each worked out in the moment in which it can be sent. */
import type { PairBlock } from "#fleet/pair-values.ts";
import { STRAYS, type Spot } from "./spot.ts";
import { isAnnounced, markersAllowed, stanceOf, type Stance } from "./stance.ts";
import type { State } from "./state.ts";
import type { Candidates, KeyAction, Target } from "./target.ts";
import type { Write, WriteRow } from "./write.ts";

/** First what is missing, then what is old, then what is too much; markers where there is no value come last. */
const ACTIONS: readonly KeyAction[] = ["add", "update", "remove", "mark"];

const NONE: Candidates = { action: "add", shelf: STRAYS, block: null, numbers: new Uint32Array() };

/** Gives a write only while the pass is what the state asks for: it is judged anew whenever anything was seen meanwhile. */
export class Pass implements WriteRow {
  readonly target: Target;
  readonly #state: State;
  readonly #approved: boolean;
  readonly #epoch: number;
  /** What may have to be done, shelf by shelf. */
  readonly #shelves: Iterator<Candidates, undefined>;
  /** The shelf that is gone through, and where that is. */
  #candidates: Candidates = NONE;
  #at = 0;
  #judgedVersion: number;

  constructor(state: State, { target, approved }: Extract<Stance, { kind: "pursue" }>) {
    this.#state = state;
    this.target = target;
    this.#approved = approved;
    this.#epoch = state.epoch;
    this.#judgedVersion = state.version;
    this.#shelves = this.#inOrder();
  }

  /** Null where there is no more, for now. */
  next(): Write | null {
    if (this.#state.version !== this.#judgedVersion) {
      if (!this.#isWanted()) return null;
      this.#judgedVersion = this.#state.version;
    }
    return this.#nextDue();
  }

  #isWanted(): boolean {
    const stance = stanceOf(this.#state);
    if (stance.kind !== "pursue" || stance.target !== this.target || stance.approved !== this.#approved) return false;
    return this.#state.epoch === this.#epoch && this.#state.leaseHeld && isAnnounced(this.#state, this.target);
  }

  *#inOrder(): Generator<Candidates, undefined> {
    for (const action of ACTIONS) if (this.target.open[action] > 0) yield* this.target.candidates(action);
  }

  /** Without a generator: this is gone through a million times, and each step of one makes an object. */
  #nextDue(): Write | null {
    for (;;) {
      const { action, shelf, block, numbers } = this.#candidates;
      for (; this.#at < numbers.length; this.#at += 1) {
        const spot = { shelf, number: numbers[this.#at] ?? 0 };
        if (!this.target.isDue(this.#candidates, spot)) continue;
        if (action === "mark" && !this.#mayMark()) return null;
        this.#at += 1;
        return this.#writeTo(spot, block);
      }
      const next = this.#shelves.next().value;
      if (next === undefined) return null;
      this.#candidates = next;
      this.#at = 0;
    }
  }

  #mayMark(): boolean {
    return this.#state.synced["device-state"] && markersAllowed(this.#state, this.target, this.#approved);
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
