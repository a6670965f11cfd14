/** A valid commit as something to pursue: what it wants, and where the bucket differs from it. */
import { differingDeployments, numberedAs } from "#fleet/changed-pairs.ts";
import { desiredState, freezesAlike, needsReports, type DesiredState, type ReportedDevices } from "#fleet/desired.ts";
import type { Fleet } from "#fleet/fleet.ts";
import type { PairBlock, PairValues } from "#fleet/pair-values.ts";
import type { RenderedValue } from "#fleet/rendered-score.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { MARKER, STATE, VALUE, type HeldTable } from "./held-table.ts";
import type { Holdings } from "./holdings.ts";
import { OpenCounts, type KeyAction } from "./open-counts.ts";
import { deploymentOn, shelfOf, STRAYS, type Spot } from "./spot.ts";
export type { KeyAction } from "./open-counts.ts";

/** What a target is made of. */
export interface TargetOptions {
  readonly commit: string;
  readonly fleet: Fleet;
  readonly reported: ReportedDevices;
  readonly holdings: Holdings;
  /** Another target over the same holdings: what both want alike need not be compared again. */
  readonly like?: Target | undefined;
}

/** Keys of one shelf to which one thing may have to be done. */
export interface Candidates {
  readonly action: KeyAction;
  readonly shelf: number;
  /** What the keys should hold; null where they should hold nothing. */
  readonly block: PairBlock | null;
  /** Each is looked at once: what changes behind it comes next time. */
  readonly numbers: Uint32Array;
}

export class Target {
  readonly commit: string;
  readonly fleet: Fleet;
  readonly desired: DesiredState;
  /** True where nothing may be decided without knowing what devices report. */
  readonly needsReports: boolean;
  /** How many keys differ. */
  readonly open: OpenCounts;
  readonly #pairs: PairValues;
  readonly #holdings: Holdings;
  /** Shelves that have yet to be compared; they count for nothing until then. */
  readonly #toCompare: Set<number>;
  /** Made when they are first looked at. */
  readonly #blocks: (PairBlock | null | undefined)[] = [];
  readonly #sharedFingerprints: (number | undefined)[] = [];
  /** Of blocks in which each device has its own value: to make one again costs as much as to write it. */
  readonly #ownFingerprints: (Map<number, number> | undefined)[] = [];

  /** Costs what differs from the target that it is like; `compareSome` does the rest. */
  constructor({ commit, fleet, reported, holdings, like }: TargetOptions) {
    this.commit = commit;
    this.fleet = fleet;
    this.needsReports = needsReports(fleet);
    this.desired = this.needsReports ? desiredState(fleet, reported) : desiredState(fleet);
    this.#pairs = numberedAs(this.desired.pairs, holdings.spots.numbering);
    this.#holdings = holdings;
    const shared = like !== undefined && freezesAlike(like.desired, this.desired) ? like : null;
    this.open = new OpenCounts(shared?.open);
    this.#toCompare = shared === null ? this.#allShelves() : new Set(shared.#toCompare);
    if (shared === null) return;
    for (const deployment of differingDeployments(shared.#pairs, this.#pairs)) {
      this.open.clear(shelfOf(deployment));
      this.#toCompare.add(shelfOf(deployment));
    }
  }

  /** True once every key counts. */
  get isCompared(): boolean {
    return this.#toCompare.size === 0;
  }

  /** Compares shelves until about so many keys were looked at. */
  compareSome(keys: number): void {
    let left = keys;
    for (const shelf of this.#toCompare) {
      if (left <= 0) return;
      this.#toCompare.delete(shelf);
      left -= this.#compareShelf(shelf);
    }
  }

  /** Begins anew: the holdings became others all at once. */
  compareAgain(): void {
    for (const shelf of this.#allShelves()) {
      this.open.clear(shelf);
      this.#toCompare.add(shelf);
    }
  }

  /** Counts one key in or out, as it is now: out before it changes, in afterwards. */
  count(spot: Spot, change: 1 | -1): void {
    if (this.#toCompare.has(spot.shelf)) return;
    const action = this.actionAt(spot);
    if (action !== null) this.open.count(spot.shelf, action, change);
  }

  /** Values to write or remove: without them the bucket says what the commit says. */
  get openValues(): number {
    return this.open.add + this.open.update + this.open.remove;
  }

  /** What has to be done to one key. */
  actionAt(spot: Spot): KeyAction | null {
    const block = this.#blockOn(spot.shelf);
    if (block !== null && block.has(spot.number)) return this.#actionForWanted(block, spot);
    return this.#actionForUnwanted(spot, this.#holdings.flagsAt(spot));
  }

  /** Of the value that a device of the block should have; `value` is that value, where it is at hand. */
  fingerprintOn(block: PairBlock, { shelf, number }: Spot, value?: RenderedValue): number {
    if (block.shared === null) return this.#ownFingerprint(block, { shelf, number }, value);
    return (this.#sharedFingerprints[shelf] ??= fingerprintOf(block.shared.digest));
  }

  #ownFingerprint(block: PairBlock, { shelf, number }: Spot, value?: RenderedValue): number {
    const known = (this.#ownFingerprints[shelf] ??= new Map<number, number>());
    let fingerprint = known.get(number);
    if (fingerprint === undefined) {
      fingerprint = fingerprintOf((value ?? block.valueOn(number)).digest);
      known.set(number, fingerprint);
    }
    return fingerprint;
  }

  /** Where this has to be done, shelf by shelf; `isDue` says of each key whether it still is when its turn comes. */
  *candidates(action: KeyAction): Generator<Candidates, undefined> {
    const isForWanted = action === "add" || action === "update";
    for (const shelf of this.#allShelves()) {
      if (this.open.on(shelf, action) === 0) continue;
      const block = isForWanted ? this.#blockOn(shelf) : null;
      const numbers = isForWanted ? block?.devices.toArray() : this.#holdings.table(shelf)?.numbers();
      if (numbers !== undefined) yield { action, shelf, block, numbers };
    }
  }

  isDue({ action, block }: Candidates, spot: Spot): boolean {
    return action === (block === null ? this.actionAt(spot) : this.#actionForWanted(block, spot));
  }

  #actionForWanted(block: PairBlock, spot: Spot): KeyAction | null {
    const table = this.#holdings.table(spot.shelf);
    const slot = table?.find(spot.number) ?? -1;
    if (table === undefined || slot < 0 || (table.flags(slot) & VALUE) === 0) return "add";
    return table.fingerprint(slot) === this.fingerprintOn(block, spot) ? null : "update";
  }

  #actionForUnwanted(spot: Spot, flags: number): KeyAction | null {
    const isMarked = (flags & MARKER) !== 0;
    if ((flags & VALUE) === 0 && ((flags & STATE) !== 0) === isMarked) return null;
    if (this.#isFrozen(spot)) return null;
    if ((flags & VALUE) !== 0) return "remove";
    return isMarked ? "unmark" : "mark";
  }

  #isFrozen(spot: Spot): boolean {
    if (this.fleet.settings.paused) return true;
    // What is no pair is no device's: nothing can freeze it.
    return spot.shelf !== STRAYS && this.desired.isFrozen(this.#holdings.spots.pairAt(spot));
  }

  #blockOn(shelf: number): PairBlock | null {
    if (shelf === STRAYS) return null;
    return (this.#blocks[shelf] ??= this.#pairs.blockAt(deploymentOn(shelf)));
  }

  #allShelves(): Set<number> {
    const wanted = [...this.#pairs.matches.deployments.entries()].map(([deployment]) => shelfOf(deployment));
    return new Set([STRAYS, ...wanted, ...this.#holdings.shelves()]);
  }

  /** Counts a shelf from nothing; gives how many keys were looked at. */
  #compareShelf(shelf: number): number {
    const block = this.#blockOn(shelf);
    const table = this.#holdings.table(shelf);
    if (table === undefined) {
      if (block !== null) this.open.count(shelf, "add", block.size);
      return 1;
    }
    block?.devices.forEach((number) => this.count({ shelf, number }, 1));
    return (block?.size ?? 0) + this.#countUnwanted(shelf, table, block);
  }

  #countUnwanted(shelf: number, table: HeldTable, block: PairBlock | null): number {
    const numbers = table.numbers();
    for (const number of numbers) if (block?.has(number) !== true) this.count({ shelf, number }, 1);
    return numbers.length;
  }
}
