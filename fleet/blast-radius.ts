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
 * Held: above `maxPercent` and above `minKeys`, or where nothing would be left. The strictest of the settings counts;
 * give those of the commit applied and those of head.
 */
export function judgeRemovals(removals: Removals, settings: readonly PruneSettings[]): Judgement {
  const { removes, of, remaining } = removals;
  if (removes === 0) return { held: false };
  if (remaining === 0) return { held: true, message: heldText(removals, "nothing would be left") };
  const broken = settings.find(({ maxPercent, minKeys }) => removes > minKeys && removes * 100 > maxPercent * of);
  if (broken === undefined) return { held: false };
  const limit = `more than ${broken.maxPercent} % and more than ${broken.minKeys} keys`;
  return { held: true, message: heldText(removals, limit) };
}

function heldText({ removes, of }: Removals, why: string): string {
  const what = `this would remove ${removes} of ${of} keys: ${why}`;
  return `${what}; if it is meant, commit with the trailer "Gitfleet-Allow-Prune: true"`;
}
