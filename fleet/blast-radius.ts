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

/**
 * Held: above `maxPercent` and above `minKeys`, or where nothing would be left. Give the settings of the commit
 * applied and of head: the lowest of each counts, so that no commit can loosen the limits it is judged by.
 */
export function judgeRemovals(removals: Removals, settings: readonly PruneSettings[]): Judgement {
  const { removes, of, remaining } = removals;
  if (removes === 0) return { held: false };
  if (remaining === 0) return { held: true, message: heldText(removals, "nothing would be left") };
  const maxPercent = Math.min(...settings.map((one) => one.maxPercent));
  const minKeys = Math.min(...settings.map((one) => one.minKeys));
  if (removes <= minKeys || removes * 100 <= maxPercent * of) return { held: false };
  const limit = `more than ${maxPercent} % and more than ${minKeys} keys`;
  return { held: true, message: heldText(removals, limit) };
}

function heldText({ removes, of }: Removals, why: string): string {
  const what = `this would remove ${removes} of ${of} keys: ${why}`;
  return `${what}; if it is meant, commit with the trailer "Gitfleet-Allow-Prune: true"`;
}
