/** What every device should run: each deployment on each device it selects, as it stands on the wire. */
import { parseDesiredKey, type DevicePair } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import type { Fleet } from "./fleet.ts";
import { judgeMatches } from "./judge.ts";
import type { Matches } from "./matches.ts";
import { NumberSet } from "./number-set.ts";
import { DesiredValue, PairValues, type PairBlock } from "./pair-values.ts";
import { pauseWarnings } from "./pauses.ts";
import type { Warning } from "./problem.ts";
import { needsReports, withReports, type ReportedDevices } from "./reported.ts";
import type { RenderedValue } from "./rendered-score.ts";
import { failureProblem, type RuleFailure } from "./rule-failure.ts";
import { finished } from "./steps.ts";

export { DesiredValue } from "./pair-values.ts";
export { needsReports, type ReportedDevices } from "./reported.ts";

/** The whole desired state of one fleet. A view of the fleet: it costs nothing to have. */
export class DesiredState {
  /** The values of all pairs that are not frozen, a block for each deployment. */
  readonly pairs: PairValues;
  /** Devices that fail a rule and keep their keys as they are (with reported labels only), and why. */
  readonly withheld: ReadonlyMap<DeviceId, string>;
  readonly warnings: readonly Warning[];
  /** By key, in the order of its bytes. */
  readonly values: ReadonlyMap<string, DesiredValue>;
  readonly #fleet: Fleet;
  /** False, most often, where nothing is paused and nobody withheld: then no name has to be looked up. */
  readonly #freezesAny: boolean;

  constructor(fleet: Fleet, pairs: PairValues, withheld: ReadonlyMap<DeviceId, string>, warnings: readonly Warning[]) {
    this.#fleet = fleet;
    this.pairs = pairs;
    this.withheld = withheld;
    this.warnings = warnings;
    this.values = new ValuesByKey(pairs);
    const { pausedDevices, pausedDeployments } = pairs.matches;
    this.#freezesAny = fleet.settings.paused || withheld.size + pausedDevices.size + pausedDeployments.size > 0;
  }

  /** How many pairs have a value. */
  get size(): number {
    return this.pairs.size;
  }

  /** The value of a pair; undefined where it has none. */
  get(pair: DevicePair): RenderedValue | undefined {
    return this.pairs.get(pair);
  }

  /** In no order that means anything. */
  blocks(): Iterable<PairBlock> {
    return this.pairs.blocks();
  }

  /** True for what is neither written, repaired nor deleted: a paused device, deployment or fleet, or a withheld device. */
  isFrozen({ device, deployment }: DevicePair): boolean {
    if (!this.#freezesAny) return false;
    return (
      this.#fleet.settings.paused ||
      this.#fleet.devices.get(device)?.paused === true ||
      this.#fleet.deployments.get(deployment)?.paused === true ||
      this.withheld.has(device)
    );
  }
}

/** True where what is frozen in one is frozen in the other: then nothing but `changedPairs` has to be looked at again. */
export function freezesAlike(before: DesiredState, after: DesiredState): boolean {
  const [old, young] = [before.pairs, after.pairs];
  return (
    old.matches.numbering === young.matches.numbering &&
    (old.sight.devices === "none") === (young.sight.devices === "none") &&
    old.sight.withheld.equals(young.sight.withheld) &&
    old.matches.pausedDevices.equals(young.matches.pausedDevices) &&
    old.matches.pausedDeployments.equals(young.matches.pausedDeployments)
  );
}

/** The desired state of a fleet; without `reported` it covers declared devices and their own labels. Deterministic. */
export function desiredState(fleet: Fleet, reported?: ReportedDevices): DesiredState {
  const matches = withReports(fleet, reported);
  const withheld = withheldDevices(fleet, matches);
  const devices = fleet.settings.paused ? "none" : "active";
  const sight = { tag: fleet.settings.scoreTag, devices, withheld: numbersOf(matches, withheld) } as const;
  const warnings = [...warningsOf(fleet, withheld), ...coverageWarnings(fleet, reported)];
  return new DesiredState(fleet, new PairValues(matches, sight), withheld, warnings);
}

/** The same, as if nothing was paused: what the fleet wants in the end. */
export function wantedState(fleet: Fleet, reported?: ReportedDevices): PairValues {
  const matches = withReports(fleet, reported);
  const withheld = numbersOf(matches, withheldDevices(fleet, matches));
  return new PairValues(matches, { tag: fleet.settings.scoreTag, devices: "matched", withheld });
}

/** Devices that break a rule which no commit could have known. */
function withheldDevices(fleet: Fleet, matches: Matches): Map<DeviceId, string> {
  const withheld = new Map<DeviceId, string>();
  if (!needsReports(fleet)) return withheld;
  for (const failure of finished(judgeMatches(matches, fleet.settings))) {
    const why = reasonText(failure);
    for (const device of failure.devices) if (!withheld.has(device)) withheld.set(device, why);
  }
  return withheld;
}

function numbersOf({ numbering }: Matches, devices: ReadonlyMap<DeviceId, unknown>): NumberSet {
  return NumberSet.of([...devices.keys()].map((id) => numbering.devices.numberOf(id)).toSorted((a, b) => a - b));
}

function reasonText(failure: RuleFailure): string {
  const { file, line, code, message } = failureProblem({ ...failure, devices: [] });
  return `${code}: ${message} (${file}:${line})`;
}

function warningsOf(fleet: Fleet, withheld: ReadonlyMap<DeviceId, string>): Warning[] {
  const held = [...withheld].map(([device, why]): Warning => {
    return { code: "withheld", message: `${device} keeps what it runs: ${why}` };
  });
  return [...pauseWarnings(fleet), ...held];
}

/** What is not looked at where nobody asked the devices. */
export function coverageWarnings(fleet: Fleet, reported?: ReportedDevices): Warning[] {
  if (reported !== undefined || !needsReports(fleet)) return [];
  const what =
    fleet.settings.admission === "reported"
      ? "devices without a file are not covered"
      : "reported labels are not covered";
  return [{ code: "declared-only", message: `only declared devices and their own labels are looked at here, ${what}` }];
}

/** Pairs by their key, in the order of its bytes; each value is made when it is asked for. */
class ValuesByKey implements ReadonlyMap<string, DesiredValue> {
  readonly #pairs: PairValues;

  constructor(pairs: PairValues) {
    this.#pairs = pairs;
  }

  get size(): number {
    return this.#pairs.size;
  }

  get(key: string): DesiredValue | undefined {
    const pair = parseDesiredKey(key);
    const value = pair === null ? undefined : this.#pairs.get(pair);
    return pair === null || value === undefined ? undefined : new DesiredValue(pair, value);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  values(): Generator<DesiredValue, undefined> {
    return this.#pairs.byDevice(this.#inKeyOrder());
  }

  *keys(): Generator<string, undefined> {
    for (const value of this.values()) yield value.key;
  }

  *entries(): Generator<[string, DesiredValue], undefined> {
    for (const value of this.values()) yield [value.key, value];
  }

  [Symbol.iterator](): Generator<[string, DesiredValue], undefined> {
    return this.entries();
  }

  forEach(visit: (value: DesiredValue, key: string, map: ReadonlyMap<string, DesiredValue>) => void): void {
    for (const value of this.values()) visit(value, value.key, this);
  }

  /** Devices in the order of `<device>.`: the dot comes after the hyphen and before everything else in a name. */
  #inKeyOrder(): Uint32Array {
    const { devices, numbering } = this.#pairs.matches;
    const beginning = (number: number): string => `${numbering.devices.nameOf(number)}.`;
    return devices.numbers().toSorted((a, b) => (beginning(a) < beginning(b) ? -1 : 1));
  }
}
