/** A rule that devices break: one cause, every device it concerns, and the problem that it is. */
import type { DeviceId } from "#schema/names.ts";
import { compareBytes } from "./byte-order.ts";
import type { FleetSettings } from "./fleet.ts";
import type { Place, Problem } from "./problem.ts";

/** One cause, and every device it concerns, sorted. */
export interface RuleFailure {
  readonly place: Place;
  readonly code: Problem["code"];
  readonly what: string;
  readonly devices: readonly DeviceId[];
  /** False where it depends on what devices report: they keep their keys, and the commit stands. */
  readonly fatal: boolean;
}

/** The problem that a failure is: one line that names the first device and how many more. */
export function failureProblem(failure: RuleFailure): Problem {
  return { ...failure.place, code: failure.code, message: `${failure.what}${devicesText(failure.devices)}` };
}

/** By file, line and column. */
export function comparePlaces(a: Place, b: Place): number {
  return compareBytes(a.file, b.file) || a.line - b.line || a.column - b.column;
}

/** What breaks a rule on one device; null where it does on every one. */
export interface Cause {
  readonly place: Place;
  readonly code: Problem["code"];
  /** What tells this cause from others with its place and code. */
  readonly detail: string;
  readonly what: string;
  readonly device: DeviceId | null;
  readonly label?: string;
  readonly everywhere?: boolean;
}

/** Gathers causes into failures. */
export class Causes {
  readonly #settings: FleetSettings;
  readonly #found = new Map<string, RuleFailure & { devices: DeviceId[] }>();

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  add(cause: Cause): void {
    const { place, code, what, device } = cause;
    const key = `${place.file}\0${place.line}\0${place.column}\0${code}\0${cause.detail}`;
    const known = this.#found.get(key) ?? { place, code, what, devices: [], fatal: this.#isFatal(cause) };
    this.#found.set(key, known);
    if (device !== null && known.devices.at(-1) !== device) known.devices.push(device);
  }

  failures(): RuleFailure[] {
    return [...this.#found.values()].toSorted((a, b) => comparePlaces(a.place, b.place));
  }

  /** A label that devices report themselves may still come; with `admission: reported` no device spoils a commit. */
  #isFatal(cause: Cause): boolean {
    if (cause.everywhere === true) return true;
    if (this.#settings.admission === "reported") return false;
    return cause.label === undefined || !this.#settings.reportedLabels.includes(cause.label);
  }
}

function devicesText(devices: readonly DeviceId[]): string {
  const [first, ...more] = devices;
  if (first === undefined) return "";
  if (more.length === 0) return ` (on ${first})`;
  return ` (on ${first} and ${more.length} more ${more.length === 1 ? "device" : "devices"})`;
}
