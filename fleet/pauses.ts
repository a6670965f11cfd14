/** What is paused in a fleet, in words. */
import type { Deployment, Device, Fleet } from "./fleet.ts";
import type { Warning } from "./problem.ts";

/** So many paused devices are named one by one. */
const NAMED_MAX = 100;

/** The deployments and devices that are paused by themselves, sorted by name. */
export interface PausedParts {
  readonly deployments: readonly Deployment[];
  readonly devices: readonly Device[];
}

/** Costs what is paused, whatever is not. */
export function pausedParts({ matches, deployments, devices }: Fleet): PausedParts {
  const { numbering, pausedDevices, pausedDeployments } = matches;
  const deploymentNames = [...pausedDeployments].map((number) => numbering.deployments.nameOf(number)).toSorted();
  const ids = [...pausedDevices].map((number) => numbering.devices.nameOf(number)).toSorted();
  return {
    deployments: deploymentNames.flatMap((name) => deployments.get(name) ?? []),
    devices: ids.flatMap((id) => devices.get(id) ?? []),
  };
}

/** One warning for each thing that is paused, bounded. */
export function pauseWarnings(fleet: Fleet): Warning[] {
  if (fleet.settings.paused) return [paused(`the fleet ${fleet.name} is paused: everything stays as it is`)];
  const { deployments, devices } = pausedParts(fleet);
  const texts = [
    ...deployments.map(({ name }) => `the deployment ${name} is paused: it stays as it is on every device`),
    ...devices.map(({ id }) => `the device ${id} is paused: it keeps what it runs`),
  ];
  const more = texts.length - NAMED_MAX;
  if (more > 0) texts.splice(NAMED_MAX, more, `${more} more are paused`);
  return texts.map(paused);
}

function paused(message: string): Warning {
  return { code: "paused", message };
}
