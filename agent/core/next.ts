/** What to do next, and when to look again: answers that can be put together. */
import type { Effect } from "./effect.ts";

/** What to do now, first things first (one step of a deployment runs at a time), and when to look again. */
export interface Next {
  readonly effects: readonly Effect[];
  readonly wakeAtMs: number | null;
}

/** Nothing to do, and nothing to wait for. */
export const NOTHING: Next = { effects: [], wakeAtMs: null };

/** Nothing now; decide again then. */
export function wakeAt(atMs: number): Next {
  return { effects: [], wakeAtMs: atMs };
}

/** Several answers as one: effects in order, the earliest wake-up. */
export function together(...nexts: readonly Next[]): Next {
  const wakes = nexts.flatMap(({ wakeAtMs }) => wakeAtMs ?? []);
  return { effects: nexts.flatMap(({ effects }) => effects), wakeAtMs: wakes.length === 0 ? null : Math.min(...wakes) };
}
