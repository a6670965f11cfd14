/** The keys of the buckets as rows: of pairs for desired values and states, of devices for what they say of themselves. */
import {
  desiredKey,
  parseDesiredKey,
  parseHeartbeatKey,
  parseInfoKey,
  parseStateKey,
  stateKey,
  type DevicePair,
} from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { Aggregator } from "../aggregate.ts";
import type { Columns } from "./column.ts";
import { KeyTimes } from "./key-times.ts";
import { NO_ROW } from "./pair-table.ts";
import type { SharedTexts } from "./shared-texts.ts";

const STATE_PREFIX = "state.";

/** Keys of pairs. What a feed remembers and what is known of the pair stand in one row. */
export class PairKeys {
  readonly desired: KeyTimes;
  readonly states: KeyTimes;
  readonly #aggregator: Aggregator;
  #nextRow = NO_ROW;
  #lastDevice = { id: "" as DeviceId, number: 0, forgotten: -1 };
  // A key is asked for twice: when the feed remembers it, and when its change is taken in.
  #lastKey = "";
  #lastRow: number | null = null;
  #lastRemovals = -1;

  constructor(aggregator: Aggregator) {
    this.#aggregator = aggregator;
    const { columns } = aggregator.facts.table;
    const rowsEnd = (): number => aggregator.facts.table.rowsEnd;
    const kept = (): void => {};
    const dropped = (row: number): void => aggregator.dropIfEmpty(row);
    const expect = (keys: number): void => aggregator.facts.table.expect(keys);
    const common = { rowsEnd, kept, dropped, expect };
    this.desired = new KeyTimes(
      { ...common, rowOf: (key) => this.desiredRow(key), keyOf: (row) => desiredKey(this.#pairOf(row)) },
      columns.float64(),
      columns.uint8(),
    );
    this.states = new KeyTimes(
      { ...common, rowOf: (key) => this.stateRow(key), keyOf: (row) => stateKey(this.#pairOf(row)) },
      columns.float64(),
      columns.uint8(),
    );
  }

  /** True where a feed remembers a key of this row. */
  isKept(row: number): boolean {
    return this.desired.isKept(row) || this.states.isKept(row);
  }

  /** The row of a key of `desired-state`, a new one where it had none; null for a foreign key. */
  desiredRow(key: string): number | null {
    return this.#rowOf(key, 0, parseDesiredKey);
  }

  /** The same for `device-state`. */
  stateRow(key: string): number | null {
    return key.startsWith(STATE_PREFIX) ? this.#rowOf(key, STATE_PREFIX.length, parseStateKey) : null;
  }

  #rowOf(key: string, from: number, parse: (key: string) => DevicePair | null): number | null {
    const { removals } = this.#aggregator.facts.table;
    if (this.#lastKey === key && this.#lastRemovals === removals) return this.#lastRow;
    const row = this.#isNext(key, from) ? this.#nextRow : this.#search(key, from, parse);
    if (row !== null) this.#nextRow = row + 1;
    this.#lastKey = key;
    this.#lastRow = row;
    this.#lastRemovals = removals;
    return row;
  }

  // Two buckets most often tell of the same pairs in the same order: rows follow each other as keys do.
  #isNext(key: string, from: number): boolean {
    const { facts } = this.#aggregator;
    if (!facts.table.isUsed(this.#nextRow)) return false;
    const dot = from + facts.deviceOf(this.#nextRow).length;
    return (
      key.startsWith(facts.deviceOf(this.#nextRow), from) &&
      key.length === dot + 1 + facts.deploymentOf(this.#nextRow).length &&
      key[dot] === "." &&
      key.endsWith(facts.deploymentOf(this.#nextRow))
    );
  }

  // Names that are known are names: only new ones have to be looked at more closely.
  #search(key: string, from: number, parse: (key: string) => DevicePair | null): number | null {
    const { deployments, table } = this.#aggregator.facts;
    const dot = key.indexOf(".", from);
    const device = this.#deviceOf(key, from, dot);
    const deployment = device === undefined ? undefined : deployments.find(key.slice(dot + 1) as DeploymentName);
    if (device !== undefined && deployment !== undefined) {
      return table.find(device, deployment) || this.#aggregator.addRow(device, deployment);
    }
    const pair = parse(key);
    return pair === null ? null : this.#aggregator.rowOf(pair);
  }

  // Devices write many keys in a row.
  #deviceOf(key: string, from: number, dot: number): number | undefined {
    const { devices } = this.#aggregator.facts;
    const { id, number, forgotten } = this.#lastDevice;
    if (forgotten === devices.forgotten && dot - from === id.length && key.startsWith(id, from)) return number;
    const known = devices.find(key.slice(from, dot) as DeviceId);
    if (known === undefined) return undefined;
    this.#lastDevice = { id: devices.textOf(known), number: known, forgotten: devices.forgotten };
    return known;
  }

  #pairOf(row: number): DevicePair {
    const { facts } = this.#aggregator;
    return { device: facts.deviceOf(row), deployment: facts.deploymentOf(row) };
  }
}

/** Keys `<prefix><device>`, remembered in columns of the devices. Who is remembered keeps its number. */
export function deviceKeys(names: SharedTexts<DeviceId>, columns: Columns, prefix: "info." | "heartbeat."): KeyTimes {
  const parse = prefix === "info." ? parseInfoKey : parseHeartbeatKey;
  let isFresh = false;
  return new KeyTimes(
    {
      rowOf(key) {
        const id = parse(key);
        if (id === null) return null;
        const known = names.find(id);
        isFresh = known === undefined;
        const number = known ?? names.take(id);
        columns.reserve(number + 1);
        return number;
      },
      keyOf: (row) => `${prefix}${names.textOf(row)}`,
      rowsEnd: () => names.end,
      expect: (keys) => columns.reserve(keys + 1),
      kept(row) {
        if (!isFresh) names.take(names.textOf(row));
      },
      dropped: (row) => names.giveBack(row),
    },
    columns.float64(),
    columns.uint8(),
  );
}
