/** How a single pass ended, once it has. */
import { markersAllowed, stanceOf, type Stance } from "./stance.ts";
import type { State } from "./state.ts";

/** `code` is the exit code: 0 applied or in step, 1 refused or held, 3 something outside failed. */
export interface Verdict {
  readonly code: 0 | 1 | 3;
  readonly message: string;
}

/** What to say about a `--once` pass, or null while it goes on. */
export function verdictOf(state: State): Verdict | null {
  const { trouble, head } = state.git;
  if (trouble !== null) return { code: 3, message: `the repository cannot be read: ${trouble.message}` };
  const unreadable = head === null ? undefined : state.unreadable.get(head);
  if (unreadable !== undefined) return { code: 3, message: `the commit ${head} cannot be read: ${unreadable.message}` };
  const stance = stanceOf(state);
  switch (stance.kind) {
    case "wait":
      return null;
    case "foreign-fleet":
      return {
        code: 1,
        message: `foreign-fleet: the buckets belong to the fleet ${stance.name}, not to ${stance.own}`,
      };
    case "refuse":
      return isRecorded(state) ? { code: 1, message: `refused: ${stance.refused.message}` } : null;
    case "pursue": {
      const { target, approved, refused } = stance;
      const markers = state.synced["device-state"] ? markersOpen(state, stance) : 1;
      const done = target.openValues === 0 && !state.isWriting && !state.isFeedHeld && markers === 0;
      if (!done || !isRecorded(state) || state.record?.applied !== target.commit) return null;
      if (refused !== null) return { code: 1, message: `refused: ${refused.message}` };
      return target.commit === head && !approved ? { code: 0, message: `in step with ${target.commit}` } : null;
    }
  }
}

// Markers that this pass still has to leave or to take away.
function markersOpen(state: State, { target, approved }: Extract<Stance, { kind: "pursue" }>): number {
  const leave = markersAllowed(state, target, approved) ? target.open.mark : 0;
  if (target.open.unmark === 0) return leave;
  const { markers, spots } = state.holdings;
  const take = [...markers].filter(([key, marker]) => {
    return Number.isFinite(marker.purgeAtMs) && target.actionAt(spots.ofKey(key)) === "unmark";
  });
  return leave + take.length;
}

// What the record says about head is what was found out about it.
function isRecorded(state: State): boolean {
  const stance = stanceOf(state);
  if (state.record === null || !state.recordThere) return false;
  if (state.record.head !== state.git.head || state.record.applying !== null) return false;
  const refused = stance.kind === "pursue" || stance.kind === "refuse" ? stance.refused : null;
  return state.record.refused?.commit === refused?.commit && state.record.refused?.reason === refused?.reason;
}
