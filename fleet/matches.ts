/** Which deployments land on which devices. Never changes in place: the next one costs what changed, and shares the rest. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { selectorMatches, type LabelSelector } from "#schema/selector.ts";
import type { Deployment } from "./fleet.ts";
import { exactLabels, LabelIndex, sameLabels, type DeviceChange } from "./label-index.ts";
import { matchOf, type Match, type TargetDevice } from "./match.ts";
import { editedMatch, matchEdits } from "./match-edits.ts";
import { LabelNumbers, Names } from "./names.ts";
import { NumberedMap } from "./numbered-map.ts";
import { NumberSet } from "./number-set.ts";
import { Numbered } from "./numbered.ts";
import { PortUse } from "./port-use.ts";
import { SelectorIndex } from "./selector-index.ts";

/** The numbers that all fleets of one history share: what has the same number in two of them is the same thing. */
export class Numbering {
  readonly devices = new Names<DeviceId>();
  readonly deployments = new Names<DeploymentName>();
  readonly selectors = new Names();
  readonly labels = new LabelNumbers();
}

/** What is another thing now. */
export interface MatchesChange {
  readonly devices: readonly DeviceChange<TargetDevice>[];
  readonly deployments: readonly { readonly number: number; readonly after: Deployment | undefined }[];
}

/** What may be another thing about a deployment now: the devices whose value may be; "all" where they were looked up anew. */
export type Touched = ReadonlyMap<number, "all" | ReadonlySet<number>>;

interface Parts {
  readonly numbering: Numbering;
  readonly devices: NumberedMap<DeviceId, TargetDevice>;
  readonly deployments: Numbered<Match>;
  readonly labels: LabelIndex;
  readonly selectors: SelectorIndex;
  readonly pausedDevices: NumberSet;
  readonly pausedDeployments: NumberSet;
  readonly ports: PortUse;
  readonly size: number;
}

export class Matches {
  readonly numbering: Numbering;
  readonly devices: NumberedMap<DeviceId, TargetDevice>;
  /** By the number of the deployment. */
  readonly deployments: Numbered<Match>;
  /** By number. */
  readonly pausedDevices: NumberSet;
  readonly pausedDeployments: NumberSet;
  readonly ports: PortUse;
  /** The number of active pairs. */
  readonly size: number;
  readonly #labels: LabelIndex;
  readonly #selectors: SelectorIndex;

  private constructor(parts: Parts) {
    this.numbering = parts.numbering;
    this.devices = parts.devices;
    this.deployments = parts.deployments;
    this.pausedDevices = parts.pausedDevices;
    this.pausedDeployments = parts.pausedDeployments;
    this.ports = parts.ports;
    this.size = parts.size;
    this.#labels = parts.labels;
    this.#selectors = parts.selectors;
  }

  /** From nothing. Yields now and then, so that its caller can do something else. */
  static *of(
    numbering: Numbering,
    devices: NumberedMap<DeviceId, TargetDevice>,
    deployments: readonly Deployment[],
  ): Generator<void, Matches> {
    const labels = yield* LabelIndex.empty(numbering.labels).withKeys(askedKeys(deployments), devices.items);
    const pausedDevices = numbersWhere(devices.items, (device) => device.paused);
    const matches: (Match | undefined)[] = [];
    const anchors: { deployment: number; before: undefined; after: number | null }[] = [];
    let size = 0;
    for (const deployment of deployments) {
      const number = numbering.deployments.numberOf(deployment.name);
      const match = matchOf(deployment, { devices, labels, pausedDevices });
      while (matches.length <= number) matches.push(undefined);
      matches[number] = match;
      anchors.push({ deployment: number, before: undefined, after: match.anchor });
      size += match.active.size;
      if (anchors.length % DEPLOYMENTS_PER_STEP === 0) yield;
    }
    const byNumber = Numbered.of(matches);
    return new Matches({
      numbering,
      devices,
      deployments: byNumber,
      labels,
      selectors: SelectorIndex.EMPTY.with(anchors),
      pausedDevices,
      pausedDeployments: numbersWhere(byNumber, ({ deployment }) => deployment.paused),
      ports: PortUse.NONE.with(deployments.map((after) => ({ before: undefined, after }))),
      size,
    });
  }

  /** The same matches in other numbers. */
  *renumbered(numbering: Numbering): Generator<void, Matches> {
    const deployments = [...this.deployments.entries()].map(([, { deployment }]) => deployment);
    const devices: (TargetDevice | undefined)[] = [];
    this.devices.items.forEach((device) => {
      const number = numbering.devices.numberOf(device.id);
      while (devices.length <= number) devices.push(undefined);
      devices[number] = device;
    });
    return yield* Matches.of(numbering, NumberedMap.of(numbering.devices, devices), deployments);
  }

  /** The match of a deployment, by name. */
  of(deployment: DeploymentName): Match | undefined {
    const number = this.numbering.deployments.find(deployment);
    return number === undefined ? undefined : this.deployments.at(number);
  }

  /** The deployments that select a device, by number. */
  on(device: TargetDevice): number[] {
    return this.#selectors.candidates(this.numbering.labels, device.labels).filter((number) => {
      const match = this.deployments.at(number);
      return match !== undefined && selectorMatches(match.deployment.selector, device.labels);
    });
  }

  /** Yields where it takes long, so that its caller can do something else. */
  *with(change: MatchesChange): Generator<void, { matches: Matches; touched: Touched }> {
    const devices = this.devices.with(change.devices.map(({ number, after }) => [number, after] as const));
    const pausedDevices = this.pausedDevices.edited(
      new Map(change.devices.map(({ number, after }) => [number, after?.paused === true])),
    );
    const moved = change.devices.filter(isOther);
    const asked = askedKeys(change.deployments.flatMap(({ after }) => after ?? []));
    const labels = yield* this.#labels.with(moved).withKeys(asked, devices.items);
    const touched = new Map<number, "all" | ReadonlySet<number>>();
    const changed = new Map<number, Match | undefined>();
    const anew = new Set<number>();
    for (const { number, after } of change.deployments) {
      const before = this.deployments.at(number);
      const keeps = before !== undefined && after !== undefined && selectsAlike(before.deployment, after);
      if (!keeps) anew.add(number);
      changed.set(
        number,
        keeps ? { ...before, deployment: after } : matchOrNone(after, { devices, labels, pausedDevices }),
      );
      if (after !== undefined) touched.set(number, keeps ? NOBODY : "all");
    }
    const selectorOf = (number: number): LabelSelector | null =>
      anew.has(number) ? null : (this.deployments.at(number)?.deployment.selector ?? null);
    const edits = matchEdits(moved, { labels, selectors: this.#selectors, selectorOf });
    for (const [number, edit] of edits) {
      const match = changed.get(number) ?? this.deployments.at(number);
      if (match === undefined) continue;
      changed.set(number, editedMatch(match, edit, labels));
      touched.set(number, edit.affected);
    }
    return { matches: this.#replaced({ devices, labels, pausedDevices }, changed), touched };
  }

  #replaced(
    grounds: Pick<Parts, "devices" | "labels" | "pausedDevices">,
    changed: ReadonlyMap<number, Match | undefined>,
  ): Matches {
    let size = this.size;
    const anchors: { deployment: number; before: number | null | undefined; after: number | null | undefined }[] = [];
    for (const [deployment, after] of changed) {
      const before = this.deployments.at(deployment);
      size += (after?.active.size ?? 0) - (before?.active.size ?? 0);
      anchors.push({ deployment, before: before?.anchor, after: after?.anchor });
    }
    const pauses = new Map([...changed].map(([number, after]) => [number, after?.deployment.paused === true]));
    const publishers = [...changed].map(([number, after]) => {
      return { before: this.deployments.at(number)?.deployment, after: after?.deployment };
    });
    return new Matches({
      numbering: this.numbering,
      ...grounds,
      deployments: this.deployments.with(changed),
      selectors: this.#selectors.with(anchors),
      pausedDeployments: this.pausedDeployments.edited(pauses),
      ports: this.ports.with(publishers),
      size,
    });
  }
}

const DEPLOYMENTS_PER_STEP = 200;
const NOBODY: ReadonlySet<number> = new Set();

/** The keys of labels that selectors ask for. */
function askedKeys(deployments: readonly Deployment[]): Set<string> {
  return new Set(deployments.flatMap(({ selector }) => exactLabels(selector).map(([key]) => key)));
}

function numbersWhere<T>(items: Numbered<T>, holds: (item: T) => boolean): NumberSet {
  const numbers: number[] = [];
  items.forEach((item, number) => {
    if (holds(item)) numbers.push(number);
  });
  return NumberSet.of(numbers);
}

/** False where only the place of a device is another one. */
function isOther({ before, after }: DeviceChange<TargetDevice>): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return before.paused !== after.paused || !sameLabels(before.labels, after.labels);
}

function matchOrNone(deployment: Deployment | undefined, grounds: Parameters<typeof matchOf>[1]): Match | undefined {
  return deployment === undefined ? undefined : matchOf(deployment, grounds);
}

/** True where the devices of one are those of the other. */
function selectsAlike(a: Deployment, b: Deployment): boolean {
  if (a.paused !== b.paused) return false;
  const [old, young] = [a.selector, b.selector];
  if (old === young) return true;
  const sameExpressions = JSON.stringify(old.matchExpressions) === JSON.stringify(young.matchExpressions);
  return sameExpressions && sameLabels(old.matchLabels, young.matchLabels);
}
