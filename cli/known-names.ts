/** "There is no such device": the sentence, with what was probably meant. */
import type { Fleet } from "#fleet/fleet.ts";
import { plainLine } from "#fleet/escape.ts";
import { nearest } from "#schema/nearest.ts";

// The nearest of very many names costs more than it helps.
const NAMES_TO_COMPARE_MAX = 20_000;

/** Null where the fleet declares the device; else what to say. */
export function checkDevice(fleet: Fleet, id: string): string | null {
  const known = [...fleet.devices.keys()] as string[];
  return known.includes(id) ? null : notFoundText("device", id, known, "no file below devices/ declares it");
}

/** Null where the fleet has the deployment; else what to say. */
export function checkDeployment(fleet: Fleet, name: string): string | null {
  const known = [...fleet.deployments.keys()] as string[];
  return known.includes(name) ? null : notFoundText("deployment", name, known, "no file below deployments/ has it");
}

/** `there is no device "x": … Did you mean "y"?` */
export function notFoundText(what: string, name: string, known: readonly string[], why: string): string {
  const meant = known.length > NAMES_TO_COMPARE_MAX ? null : nearest(name, known);
  const suggestion = meant === null ? "" : ` Did you mean ${plainLine(meant)}?`;
  return `there is no ${what} "${plainLine(name)}": ${why}.${suggestion}`;
}
