/** One key that changes. Its texts are made when they are asked for: a plan of a million pairs is mostly counted. */
import type { DevicePair } from "#schema/keys.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { compareBytes } from "./byte-order.ts";

/** `before` and `after` are canonical JSON texts. */
export type Change = Addition | Update | Removal;

/** What a key holds, such as a rendered value. */
interface Text {
  readonly text: string;
}

/** A key that comes. */
export class Addition {
  readonly action = "add";
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #after: Text;

  constructor({ device, deployment }: DevicePair, after: Text) {
    this.device = device;
    this.deployment = deployment;
    this.#after = after;
  }

  get after(): string {
    return this.#after.text;
  }
}

/** A key that gets another value. */
export class Update {
  readonly action = "update";
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #before: Text;
  readonly #after: Text;

  constructor({ device, deployment }: DevicePair, before: Text, after: Text) {
    this.device = device;
    this.deployment = deployment;
    this.#before = before;
    this.#after = after;
  }

  get before(): string {
    return this.#before.text;
  }

  get after(): string {
    return this.#after.text;
  }
}

/** A key that goes. */
export class Removal {
  readonly action = "remove";
  readonly device: DeviceId;
  readonly deployment: DeploymentName;
  readonly #before: Text;

  constructor({ device, deployment }: DevicePair, before: Text) {
    this.device = device;
    this.deployment = deployment;
    this.#before = before;
  }

  get before(): string {
    return this.#before.text;
  }
}

/** By device, then deployment. */
export function comparePairs(a: DevicePair, b: DevicePair): number {
  return compareBytes(a.device, b.device) || compareBytes(a.deployment, b.deployment);
}
