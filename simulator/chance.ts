/** Chance that is the same in every run with the same seed. */
import { hash } from "node:crypto";

const RANGE = 2 ** 32;

/** A number in [0, 1) that follows from the seed and from what it is about. */
export function chance(seed: number, ...about: readonly (string | number)[]): number {
  return Number.parseInt(hash("sha256", [seed, ...about].join(" ")).slice(0, 8), 16) / RANGE;
}
