/** Does the installed agent run, and will it after a reboot? Asked where systemd runs and its unit is there. */
import { existsSync } from "node:fs";
import { askServices, systemdRuns } from "#agent/install/look.ts";
import { systemctl } from "#agent/install/commands.ts";
import type { Places } from "#agent/install/places.ts";
import { UNIT_NAME } from "#agent/install/unit.ts";
import type { Check } from "./check.ts";

export async function checkService(places: Places): Promise<Check[]> {
  const isInstalled = [places.unit, ...places.packagedUnits].some((path) => existsSync(path));
  const services = isInstalled && systemdRuns() ? await askServices(places.scope) : null;
  if (services === null) return [];
  const name = "service";
  const { agent, lingers } = services;
  const start = systemctl(places.scope, "enable", "--now", UNIT_NAME).join(" ");
  const log = `journalctl${places.scope === "user" ? " --user" : ""} --unit ${UNIT_NAME} --lines 50`;
  if (!agent.active)
    return [{ level: "fail", name, found: `${UNIT_NAME} does not run`, todo: [start, `its last words: ${log}`] }];
  if (!agent.enabled)
    return [{ level: "warn", name, found: `${UNIT_NAME} runs, but not after a reboot`, todo: [start] }];
  if (lingers) return [{ level: "ok", name, found: `${UNIT_NAME} runs, also after a reboot` }];
  const found = `${UNIT_NAME} runs only while its user is logged in`;
  return [{ level: "warn", name, found, todo: ["loginctl enable-linger (or, as root, with the user's name)"] }];
}
