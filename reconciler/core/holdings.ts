/** What the buckets hold, as far as it was seen: the values and markers of `desired-state`, and who has a state. */

/** A value of `desired-state`. */
export interface Held {
  readonly text: string;
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

export class Holdings {
  readonly values = new Map<string, Held>();
  readonly markers = new Map<string, Marker>();
  /** Keys `<device>.<deployment>` of devices that have a state. */
  readonly states = new Set<string>();
  /** Revisions that were acknowledged to a write of ours and that the bucket has yet to tell. */
  readonly ahead = new Map<string, number>();
  /** How many values each fleet wrote. */
  readonly fleets = new Map<string, number>();

  /** The revision that a write to this key has to expect. */
  revisionOf(key: string): number {
    return this.values.get(key)?.revision ?? this.markers.get(key)?.revision ?? 0;
  }

  put(key: string, held: Held): void {
    this.drop(key);
    this.values.set(key, held);
    this.#count(held.fleet, 1);
  }

  mark(key: string, marker: Marker): void {
    this.drop(key);
    this.markers.set(key, marker);
  }

  /** Neither value nor marker any more. */
  drop(key: string): void {
    const held = this.values.get(key);
    if (held !== undefined) this.#count(held.fleet, -1);
    this.values.delete(key);
    this.markers.delete(key);
  }

  /** A fleet other than `own` that wrote values, or null. */
  foreignFleet(own: string): string | null {
    for (const name of this.fleets.keys()) if (name !== own) return name;
    return null;
  }

  #count(fleet: string | null, change: number): void {
    if (fleet === null) return;
    const count = (this.fleets.get(fleet) ?? 0) + change;
    if (count === 0) this.fleets.delete(fleet);
    else this.fleets.set(fleet, count);
  }
}
