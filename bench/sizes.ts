/** The sizes of fleets that rows work on. */
import type { SizeName } from "./row.ts";

/** A fleet of a size: groups of devices, each the target of the same number of deployments. */
export interface FleetSize {
  readonly name: SizeName;
  readonly deployments: number;
  readonly devices: number;
  /** Devices fall into so many groups; a deployment selects one of them. */
  readonly groups: number;
  /** One file each, or so many files with many documents for deployments and as many for devices. */
  readonly files: "one-each" | number;
  /** Files stand in folders of 100 to 250, or all in one. */
  readonly sharded: boolean;
}

/** The number of (device, deployment) pairs. */
export function pairsOf({ deployments, devices, groups }: FleetSize): number {
  return (devices / groups) * deployments;
}

export const SIZES: Readonly<Record<SizeName, FleetSize>> = {
  S: { name: "S", deployments: 10, devices: 100, groups: 10, files: "one-each", sharded: false },
  M: { name: "M", deployments: 1_000, devices: 10_000, groups: 100, files: "one-each", sharded: false },
  L: { name: "L", deployments: 10_000, devices: 100_000, groups: 1_000, files: "one-each", sharded: true },
  "L'": { name: "L'", deployments: 10_000, devices: 100_000, groups: 1_000, files: 50, sharded: false },
  XL: { name: "XL", deployments: 10_000, devices: 1_000_000, groups: 10_000, files: 1_000, sharded: true },
};
