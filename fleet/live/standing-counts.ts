/** How many devices of each deployment stand how: counted as rows change. */
import type { Standing } from "../standing.ts";
import { Columns } from "./column.ts";

/** The standings as small numbers. */
export const STANDINGS: readonly Standing[] = ["none", "paused", "succeeded", "failed", "pending"];
export const NONE = 0;
export const PAUSED = 1;
export const SUCCEEDED = 2;
export const FAILED = 3;
export const PENDING = 4;

/** Counts by the number of the deployment. */
export class StandingCounts {
  readonly #columns = new Columns();
  readonly #by = STANDINGS.map(() => this.#columns.uint32());
  readonly #offline = this.#columns.uint32();
  readonly #unverified = this.#columns.uint32();

  /** Takes a row into the counts, or out of them. */
  count(deployment: number, row: { standing: number; offline: boolean; unverified: boolean }, sign: 1 | -1): void {
    this.#columns.reserve(deployment + 1);
    const { standing, offline, unverified } = row;
    add(this.#by[standing]?.at, deployment, sign);
    if (standing < SUCCEEDED) return;
    if (offline) add(this.#offline.at, deployment, sign);
    if (unverified) add(this.#unverified.at, deployment, sign);
  }

  standing(deployment: number, standing: number): number {
    return this.#by[standing]?.at[deployment] ?? 0;
  }

  offline(deployment: number): number {
    return this.#offline.at[deployment] ?? 0;
  }

  unverified(deployment: number): number {
    return this.#unverified.at[deployment] ?? 0;
  }
}

function add(counts: Uint32Array | undefined, at: number, sign: 1 | -1): void {
  if (counts !== undefined) counts[at] = (counts[at] ?? 0) + sign;
}
