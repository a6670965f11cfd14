/** What going from one fleet to another would do, as the comment tells it. */
import { judgeRemovals } from "#fleet/blast-radius.ts";
import { desiredState } from "#fleet/desired.ts";
import { distinctChanges, type DistinctChange } from "#fleet/distinct-changes.ts";
import type { Deployment, Fleet } from "#fleet/fleet.ts";
import { planBetween, type Plan } from "#fleet/plan.ts";
import type { DeploymentRow, PlanReport, WideSelector } from "./judgement.ts";

/** Compares two fleets; `base` is null where the commit it was is invalid, or where there is none. */
export function planReport(
  base: Fleet | null,
  head: Fleet,
  { baseInvalid }: { readonly baseInvalid: boolean },
): PlanReport {
  const plan = planBetween(base, head);
  return {
    added: plan.added,
    updated: plan.updated,
    removed: plan.removed,
    changedDevices: new Set(Array.from(plan.changes, ({ device }) => device)).size,
    devices: new Set([...(base?.devices.keys() ?? []), ...head.devices.keys()]).size,
    rows: rowsOf(plan),
    changes: distinctChanges(plan).toSorted(removalsFirst),
    selectors: wideSelectors(base, head),
    held: base === null ? null : heldMessage(plan, base, head),
    warnings: plan.warnings.map(({ message }) => message),
    baseInvalid,
  };
}

function rowsOf(plan: Plan): DeploymentRow[] {
  const rows = new Map<string, { deployment: string; add: number; update: number; remove: number }>();
  for (const { deployment, action } of plan.changes) {
    const row = rows.get(deployment) ?? { deployment, add: 0, update: 0, remove: 0 };
    row[action] += 1;
    rows.set(deployment, row);
  }
  return [...rows.values()]
    .map(({ deployment, add, update, remove }) => ({ deployment, added: add, updated: update, removed: remove }))
    .toSorted((a, b) => sizeOf(b) - sizeOf(a) || (a.deployment < b.deployment ? -1 : 1));
}

function sizeOf({ added, updated, removed }: DeploymentRow): number {
  return added + updated + removed;
}

// What is cut for length is cut from the end: first what hurts, then what concerns most devices.
function removalsFirst(a: DistinctChange, b: DistinctChange): number {
  const removal = Number(b.action === "remove") - Number(a.action === "remove");
  return removal || b.devices.length - a.devices.length || (a.deployment < b.deployment ? -1 : 1);
}

function heldMessage(plan: Plan, base: Fleet, head: Fleet): string | null {
  const of = desiredState(base).size;
  const removals = { removes: plan.removed, of, remaining: of - plan.removed + plan.added };
  const judgement = judgeRemovals(removals, [base.settings.prune, head.settings.prune]);
  return judgement.held ? judgement.message : null;
}

/** Deployments that select nothing or everything, where this change made it so. */
function wideSelectors(base: Fleet | null, head: Fleet): WideSelector[] {
  const found: WideSelector[] = [];
  for (const deployment of head.deployments.values()) {
    const matches = widthOf(deployment, head);
    const earlier = base?.deployments.get(deployment.name);
    if (matches === null || (base !== null && earlier !== undefined && widthOf(earlier, base) === matches)) continue;
    found.push({ deployment: deployment.name, matches, devices: head.devices.size });
  }
  return found;
}

function widthOf({ name }: Deployment, { matches, devices }: Fleet): WideSelector["matches"] | null {
  const selected = matches.of(name)?.matched.size ?? 0;
  if (selected === 0) return "nothing";
  return selected === devices.size && selected > 1 ? "everything" : null;
}
