/** One key that changes. A plan may have a million of them: they hold next to nothing, and make texts when asked. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { compareBytes } from "./byte-order.ts";
import type { PairBlock } from "./pair-values.ts";
import type { RenderedValue } from "./rendered-score.ts";

/** `before` and `after` are canonical JSON texts. */
export type Change = Addition | Update | Removal;

/** A key that comes. */
export class Addition implements DevicePair {
  readonly #after: PairBlock;
  readonly #number: number;

  /** `number` is that of the device. */
  constructor(number: number, after: PairBlock) {
    this.#after = after;
    this.#number = number;
  }

  get action(): "add" {
    return "add";
  }

  get device(): DeviceId {
    return this.#after.deviceAt(this.#number);
  }

  get deployment(): DeploymentName {
    return this.#after.deployment;
  }

  get after(): string {
    return this.#after.valueOn(this.#number).text;
  }
}

/** A key that gets another value. */
export class Update implements DevicePair {
  readonly #before: PairBlock | string;
  readonly #after: PairBlock;
  readonly #number: number;

  /** `before` is what a bucket holds, or the block of an earlier commit. */
  constructor(number: number, before: PairBlock | string, after: PairBlock) {
    this.#before = before;
    this.#after = after;
    this.#number = number;
  }

  get action(): "update" {
    return "update";
  }

  get device(): DeviceId {
    return this.#after.deviceAt(this.#number);
  }

  get deployment(): DeploymentName {
    return this.#after.deployment;
  }

  get before(): string {
    return typeof this.#before === "string" ? this.#before : this.#before.valueOn(this.#number).text;
  }

  get after(): string {
    return this.#after.valueOn(this.#number).text;
  }
}

/** A key that goes. */
export class Removal implements DevicePair {
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #before: RenderedValue | string;

  constructor({ device, deployment }: DevicePair, before: RenderedValue | string) {
    this.device = device;
    this.deployment = deployment;
    this.#before = before;
  }

  get action(): "remove" {
    return "remove";
  }

  get before(): string {
    return typeof this.#before === "string" ? this.#before : this.#before.text;
  }
}

/** By device, then deployment. */
export function comparePairs(a: DevicePair, b: DevicePair): number {
  return compareBytes(a.device, b.device) || compareBytes(a.deployment, b.deployment);
}
