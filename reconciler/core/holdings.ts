/** What the buckets hold, as far as it was seen: the values and markers of `desired-state`, and who has a state. */
import type { Numbering } from "#fleet/matches.ts";
import type { RememberedBucket } from "./event.ts";
import { HeldTable, MARKER, STATE, STATE_MARKER, VALUE } from "./held-table.ts";
import { Spots, type Spot } from "./spot.ts";

/** A value of `desired-state`. */
export interface Held {
  /** See `fingerprintOf`. */
  readonly fingerprint: number;
  readonly revision: number;
  /** The fleet that wrote it, null for keys without the header. */
  readonly fleet: string | null;
}

/** A DEL or PURGE marker of `desired-state`. */
export interface Marker {
  readonly revision: number;
  /** When it may be taken away, provided that no state is there. */
  readonly purgeAtMs: number;
}

/** More fleets than this in one bucket are told apart no more: one that is not ours is enough to stand back. */
const FLEETS_MAX = 1_000;

export class Holdings {
  /** Replaced by `renumber`: a spot of before means nothing to those of after. */
  spots: Spots;
  /** By key: there are few, and they go again. */
  readonly markers = new Map<string, Marker>();
  #tables: (HeldTable | undefined)[] = [];
  #values = 0;
  #states = 0;
  #stateMarkers = 0;
  /** Keys of `device-state` that are no pair's, and whether a value stands there. */
  readonly #strayStates = new Map<string, boolean>();
  /** Names of fleets by number, and how many values each wrote. */
  readonly #fleets: { readonly name: string | null; count: number }[] = [{ name: null, count: 0 }];

  constructor(numbering: Numbering) {
    this.spots = new Spots(numbering);
  }

  /** How many keys hold a value. */
  get values(): number {
    return this.#values;
  }

  /** How many pairs have a state. */
  get states(): number {
    return this.#states;
  }

  /** How many keys of a bucket are known, markers included, and how many of them hold a value. */
  known(bucket: RememberedBucket): { readonly keys: number; readonly values: number } {
    if (bucket === "desired-state") return { keys: this.#values + this.markers.size, values: this.#values };
    const strays = [...this.#strayStates.values()];
    const values = this.#states + strays.filter(Boolean).length;
    return { keys: this.#states + this.#stateMarkers + strays.length, values };
  }

  /** By shelf; undefined where nothing was ever known. */
  table(shelf: number): HeldTable | undefined {
    return this.#tables[shelf];
  }

  /** Shelves on which anything may stand. */
  *shelves(): Generator<number, undefined> {
    for (const [shelf, table] of this.#tables.entries()) if (table !== undefined) yield shelf;
  }

  flagsAt({ shelf, number }: Spot): number {
    const table = this.#tables[shelf];
    const slot = table?.find(number) ?? -1;
    return table === undefined || slot < 0 ? 0 : table.flags(slot);
  }

  /** The revision that a write to this key has to expect; 0 where there is neither value nor marker. */
  revisionAt({ shelf, number }: Spot): number {
    const table = this.#tables[shelf];
    const slot = table?.find(number) ?? -1;
    if (table === undefined || slot < 0) return 0;
    return (table.flags(slot) & (VALUE | MARKER)) === 0 ? 0 : table.revision(slot);
  }

  put(spot: Spot, { fingerprint, revision, fleet }: Held): void {
    const { table, slot } = this.#emptied(spot);
    const writer = this.#fleetNumber(fleet);
    table.setMessage(slot, { fingerprint, revision, fleet: writer });
    table.setFlags(slot, table.flags(slot) | VALUE);
    this.#count(writer, 1);
  }

  mark(spot: Spot, marker: Marker): void {
    const { table, slot } = this.#emptied(spot);
    table.setMessage(slot, { fingerprint: 0, revision: marker.revision, fleet: 0 });
    table.setFlags(slot, table.flags(slot) | MARKER);
    this.markers.set(this.spots.keyAt(spot), marker);
  }

  /** Neither value nor marker any more. */
  drop(spot: Spot): void {
    if ((this.flagsAt(spot) & (VALUE | MARKER)) !== 0) this.#emptied(spot);
  }

  /** What stands under the key of a state: STATE, STATE_MARKER, or 0 for neither. */
  setState(spot: Spot, flag: number): void {
    const { table, slot } = this.#slotFor(spot);
    const flags = table.flags(slot);
    this.#countState(flags, -1);
    this.#countState(flag, 1);
    table.setFlags(slot, (flags & ~(STATE | STATE_MARKER)) | flag);
  }

  /** The same, under a key of `device-state` that is no pair's. */
  setStrayState(key: string, flag: number): void {
    if (flag === 0) this.#strayStates.delete(key);
    else this.#strayStates.set(key, flag === STATE);
  }

  /** The bucket tells everything anew. */
  forget(bucket: RememberedBucket): void {
    const flags = bucket === "desired-state" ? VALUE | MARKER : STATE | STATE_MARKER;
    for (const table of this.#tables) table?.clear(flags);
    if (bucket === "device-state") {
      this.#states = 0;
      this.#stateMarkers = 0;
      this.#strayStates.clear();
      return;
    }
    this.#values = 0;
    this.markers.clear();
    for (const fleet of this.#fleets) fleet.count = 0;
  }

  /** The same, in the numbers of another list of names. */
  renumber(numbering: Numbering): void {
    const [tables, spots] = [this.#tables, this.spots];
    this.#tables = [];
    this.spots = new Spots(numbering);
    for (const [shelf, table] of tables.entries()) {
      for (const number of table?.numbers() ?? []) {
        const to = this.#slotFor(this.spots.ofKey(spots.keyAt({ shelf, number })));
        if (table !== undefined) to.table.copy(to.slot, table, table.find(number));
      }
    }
  }

  /** A fleet other than `own` that wrote values, or null. */
  foreignFleet(own: string): string | null {
    return this.#fleets.find(({ name, count }) => count > 0 && name !== null && name !== own)?.name ?? null;
  }

  #emptied(spot: Spot): { table: HeldTable; slot: number } {
    const { table, slot } = this.#slotFor(spot);
    const flags = table.flags(slot);
    if ((flags & VALUE) !== 0) this.#count(table.fleet(slot), -1);
    if ((flags & MARKER) !== 0) this.markers.delete(this.spots.keyAt(spot));
    table.setFlags(slot, flags & (STATE | STATE_MARKER));
    return { table, slot };
  }

  #slotFor({ shelf, number }: Spot): { table: HeldTable; slot: number } {
    const table = this.#tables[shelf] ?? new HeldTable();
    while (this.#tables.length < shelf) this.#tables.push(undefined);
    this.#tables[shelf] = table;
    return { table, slot: table.slotFor(number) };
  }

  #countState(flags: number, change: number): void {
    if ((flags & STATE) !== 0) this.#states += change;
    if ((flags & STATE_MARKER) !== 0) this.#stateMarkers += change;
  }

  #count(fleet: number, change: number): void {
    this.#values += change;
    const counted = this.#fleets[fleet];
    if (counted !== undefined) counted.count += change;
  }

  #fleetNumber(name: string | null): number {
    const known = this.#fleets.findIndex((fleet) => fleet.name === name);
    if (known >= 0) return known;
    return this.#fleets.length < FLEETS_MAX ? this.#fleets.push({ name, count: 0 }) - 1 : this.#fleets.length - 1;
  }
}
