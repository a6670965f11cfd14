/** What is paused in a fleet, in words. */
import type { Fleet } from "./fleet.ts";
import type { Warning } from "./problem.ts";

/** So many paused devices are named one by one. */
const NAMED_MAX = 100;

/** One warning for each thing that is paused, bounded. */
export function pauseWarnings(fleet: Fleet): Warning[] {
  if (fleet.settings.paused) return [paused(`the fleet ${fleet.name} is paused: everything stays as it is`)];
  const deployments = [...fleet.deployments.values()].filter((deployment) => deployment.paused);
  const devices = [...fleet.devices.values()].filter((device) => device.paused);
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
