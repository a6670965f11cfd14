/** The values of pairs, a block for each deployment: one value for all of its devices, or a template that makes each its own. */
import { desiredKey, type DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { ScoreTag } from "#schema/score.ts";
import type { Match } from "./match.ts";
import type { Matches } from "./matches.ts";
import { NumberSet } from "./number-set.ts";
import { rendererOf, type RenderedValue, type ScoreRenderer } from "./rendered-score.ts";

/** One deployment on one device. */
export class DesiredValue {
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #value: RenderedValue;

  constructor({ device, deployment }: DevicePair, value: RenderedValue) {
    this.device = device;
    this.deployment = deployment;
    this.#value = value;
  }

  /** The key in `desired-state`. */
  get key(): string {
    return desiredKey(this);
  }

  /** Canonical JSON. */
  get text(): string {
    return this.#value.text;
  }

  /** Of the text as UTF-8. */
  get digest(): string {
    return this.#value.digest;
  }
}

/** One deployment on all of its devices. */
export class PairBlock {
  readonly deployment: DeploymentName;
  /** By number. */
  readonly devices: NumberSet;
  readonly matches: Matches;
  readonly renderer: ScoreRenderer;

  constructor(match: Match, devices: NumberSet, matches: Matches, tag: ScoreTag) {
    this.deployment = match.deployment.name;
    this.devices = devices;
    this.matches = matches;
    this.renderer = rendererOf(match.deployment, tag);
  }

  get size(): number {
    return this.devices.size;
  }

  has(number: number): boolean {
    return this.devices.has(number);
  }

  /** The one value of all devices; null where each has its own. */
  get shared(): RenderedValue | null {
    return this.renderer.constant;
  }

  /** Of one of its devices, by number. Not kept where each device has its own. */
  valueOn(number: number): RenderedValue {
    const { shared } = this;
    if (shared !== null) return shared;
    const device = this.matches.devices.at(number);
    if (device === undefined) throw new Error(`${this.deployment} has no value on ${this.deviceAt(number)}`);
    return this.renderer.render(device);
  }

  deviceAt(number: number): DeviceId {
    return this.matches.numbering.devices.nameOf(number);
  }

  /** In no order that means anything. */
  forEach(visit: (device: DeviceId, value: RenderedValue) => void): void {
    this.devices.forEach((number) => visit(this.deviceAt(number), this.valueOn(number)));
  }
}

/** Which pairs of some matches have a value. */
export interface Sight {
  readonly tag: ScoreTag;
  /** `matched` looks as if nothing was paused; `none` sees nothing. */
  readonly devices: "active" | "matched" | "none";
  /** Devices that have no value, by number. */
  readonly withheld: NumberSet;
}

/** The values of all pairs of some matches. Makes nothing until it is asked. */
export class PairValues {
  readonly matches: Matches;
  readonly sight: Sight;
  #size: number | null = null;

  constructor(matches: Matches, sight: Sight) {
    this.matches = matches;
    this.sight = sight;
  }

  get size(): number {
    const { devices, withheld } = this.sight;
    if (devices === "active" && withheld.size === 0) return this.matches.size;
    this.#size ??= [...this.blocks()].reduce((sum, block) => sum + block.size, 0);
    return this.#size;
  }

  /** In no order that means anything; without empty ones. */
  *blocks(): Generator<PairBlock, undefined> {
    for (const [number] of this.matches.deployments.entries()) {
      const block = this.blockAt(number);
      if (block !== null) yield block;
    }
  }

  /** The block of a deployment, by number; null where it has no devices. */
  blockAt(number: number): PairBlock | null {
    const match = this.matches.deployments.at(number);
    if (match === undefined) return null;
    const devices = this.#devicesOf(match);
    return devices.size === 0 ? null : new PairBlock(match, devices, this.matches, this.sight.tag);
  }

  /** The value of a pair; undefined where it has none. */
  get({ device, deployment }: DevicePair): RenderedValue | undefined {
    const { numbering, deployments } = this.matches;
    const number = numbering.devices.find(device);
    const deploymentNumber = numbering.deployments.find(deployment);
    if (number === undefined || deploymentNumber === undefined || !this.#has(deployments.at(deploymentNumber), number))
      return undefined;
    return this.blockAt(deploymentNumber)?.valueOn(number);
  }

  #has(match: Match | undefined, number: number): boolean {
    const { devices, withheld } = this.sight;
    if (match === undefined || devices === "none") return false;
    return match[devices].has(number) && !withheld.has(number);
  }

  #devicesOf(match: Match): NumberSet {
    const { devices, withheld } = this.sight;
    if (devices === "none") return NumberSet.EMPTY;
    return withheld.size === 0 ? match[devices] : match[devices].filter((number) => !withheld.has(number));
  }

  /** One device after the other in the order that is given, and of each its deployments by name. */
  *byDevice(order: Iterable<number>): Generator<DesiredValue, undefined> {
    const blocks = [...this.blocks()].toSorted((a, b) => (a.deployment < b.deployment ? -1 : 1));
    const { starts, blockAt } = columnsOf(blocks, this.matches.numbering.devices.size);
    for (const number of order) {
      const device = this.matches.numbering.devices.nameOf(number);
      for (let at = starts[number] ?? 0; at < (starts[number + 1] ?? 0); at += 1) {
        const block = blocks[blockAt[at] ?? 0];
        if (block !== undefined)
          yield new DesiredValue({ device, deployment: block.deployment }, block.valueOn(number));
      }
    }
  }
}

/** For each device, by number, the indexes of its blocks: those from `starts[number]` to `starts[number + 1]`. */
function columnsOf(blocks: readonly PairBlock[], devices: number): { starts: Uint32Array; blockAt: Uint32Array } {
  const starts = new Uint32Array(devices + 1);
  for (const block of blocks) block.devices.forEach((number) => (starts[number + 1] = (starts[number + 1] ?? 0) + 1));
  for (let number = 0; number < devices; number += 1) {
    starts[number + 1] = (starts[number + 1] ?? 0) + (starts[number] ?? 0);
  }
  const next = starts.slice();
  const blockAt = new Uint32Array(starts.at(-1) ?? 0);
  for (const [index, block] of blocks.entries()) {
    block.devices.forEach((number) => {
      const at = next[number] ?? 0;
      blockAt[at] = index;
      next[number] = at + 1;
    });
  }
  return { starts, blockAt };
}
