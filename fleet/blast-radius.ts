/** How much one pass may remove before a person has to say so. */
import type { PruneSettings } from "./fleet.ts";

/** Removals of one pass against what the bucket holds. */
export interface Removals {
  readonly removes: number;
  /** All keys the bucket holds now. */
  readonly of: number;
  /** Keys that will be there after the pass. */
  readonly remaining: number;
}

export type Judgement = { readonly held: false } | { readonly held: true; readonly message: string };

/** Held: above `maxPercent` and above `minKeys`, or where nothing would be left. The strictest of the settings counts. */
export declare function judgeRemovals(removals: Removals, settings: readonly PruneSettings[]): Judgement;
