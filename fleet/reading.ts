/** What a snapshot says, and the parts of it that are made one by one. */
import type { LabelSelector } from "#schema/selector.ts";
import { DEFAULT_FLEET_NAME, DEFAULT_SETTINGS, type Deployment, type Fleet, type NamedSelector } from "./fleet.ts";
import type { DeploymentEntry, SelectorEntry, SettingsEntry } from "./parsed-objects.ts";
import type { Problem, Warning } from "./problem.ts";
import { comparePlaces, failureProblem, type RuleFailure } from "./rule-failure.ts";

/** What one snapshot says. */
export interface FleetReading {
  /** Null exactly where there are problems. */
  readonly fleet: Fleet | null;
  /** In byte order of path, then by line and column. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** How many documents of each kind there are, valid or not. */
  readonly deployments: number;
  readonly devices: number;
}

/** What was found about a fleet. */
export interface Findings extends Pick<FleetReading, "problems" | "deployments" | "devices"> {
  readonly failures: readonly RuleFailure[];
}

/** The reading that a fleet and everything found about it make. */
export function readingOf(fleet: Fleet, { problems, failures, ...counts }: Findings): FleetReading {
  const all = [...problems, ...failures.filter(({ fatal }) => fatal).map(failureProblem)];
  return {
    fleet: all.length > 0 ? null : fleet,
    problems: all.toSorted(comparePlaces),
    warnings: failures.filter(({ fatal }) => !fatal).map(withheldWarning),
    ...counts,
  };
}

/** The name and settings that fleet.yaml gives, or those of a fleet without one. */
export function settingsOf([first]: readonly SettingsEntry[]): Pick<Fleet, "name" | "settings"> {
  return { name: first?.name ?? DEFAULT_FLEET_NAME, settings: first?.sound ?? DEFAULT_SETTINGS };
}

/** The selector with its name; undefined where it is not sound. */
export function namedSelector({ name, sound, place }: SelectorEntry): NamedSelector | undefined {
  return sound === null ? undefined : { name, selector: sound, place };
}

/** The deployment with its selector; null where a problem keeps it from having one. */
export function resolveDeployment(
  { sound, reference }: DeploymentEntry,
  selectorOf: (name: string) => LabelSelector | null,
): Deployment | null {
  if (sound === null) return null;
  // With both, the selector of its own says what is left to check.
  if (sound.selector !== null) return withSelector(sound.own, sound.selector, null);
  const selector = reference === null ? null : selectorOf(reference.name);
  return selector === null ? null : withSelector(sound.own, selector, reference?.name ?? null);
}

const resolved = new WeakMap<object, Deployment>();

/** One object for as long as nothing about it changes, so that what is made from it can be kept. */
function withSelector(
  own: Omit<Deployment, "selector" | "selectorRef">,
  selector: LabelSelector,
  selectorRef: string | null,
): Deployment {
  const before = resolved.get(own);
  if (before?.selector === selector) return before;
  const deployment = { ...own, selector, selectorRef };
  resolved.set(own, deployment);
  return deployment;
}

function withheldWarning(failure: RuleFailure): Warning {
  const { file, line, message } = failureProblem(failure);
  return { code: "withheld", message: `${file}:${line}: ${message}; these devices keep what they run` };
}
