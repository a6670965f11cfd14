/** Where a key stands in the reconciler's memory: a shelf for each deployment, and on it a place for each device. */
import type { Numbering } from "#fleet/matches.ts";
import { Names } from "#fleet/names.ts";
import { parseDesiredKey, type DevicePair } from "#schema/keys.ts";

/** The shelf of keys that are no pairs. */
export const STRAYS = 0;

/** A key by numbers. */
export interface Spot {
  /** `STRAYS`, or the number of the deployment plus one. */
  readonly shelf: number;
  /** The number of the device; on the shelf of strays that of the key. */
  readonly number: number;
}

/** Keys to spots and back. Every key gets a spot, whether anybody wants it or not. */
export class Spots {
  readonly numbering: Numbering;
  readonly #strays = new Names();

  constructor(numbering: Numbering) {
    this.numbering = numbering;
  }

  ofKey(key: string): Spot {
    const pair = parseDesiredKey(key);
    return pair === null ? { shelf: STRAYS, number: this.#strays.numberOf(key) } : this.ofPair(pair);
  }

  ofPair({ device, deployment }: DevicePair): Spot {
    const { devices, deployments } = this.numbering;
    return { shelf: shelfOf(deployments.numberOf(deployment)), number: devices.numberOf(device) };
  }

  keyAt({ shelf, number }: Spot): string {
    if (shelf === STRAYS) return this.#strays.nameOf(number);
    const { devices, deployments } = this.numbering;
    return `${devices.nameOf(number)}.${deployments.nameOf(deploymentOn(shelf))}`;
  }

  /** Of a spot that is no stray's. */
  pairAt({ shelf, number }: Spot): DevicePair {
    const { devices, deployments } = this.numbering;
    return { device: devices.nameOf(number), deployment: deployments.nameOf(deploymentOn(shelf)) };
  }
}

export function shelfOf(deployment: number): number {
  return deployment + 1;
}

/** The number of the deployment whose shelf this is. */
export function deploymentOn(shelf: number): number {
  return shelf - 1;
}
