/** The files of the status branch: each a pure function of what is true now. */
import { hash } from "node:crypto";
import type { Aggregate, Troubled, TroubledDevice } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { DeviceCounts } from "#fleet/live-fleet.ts";
import { oneLine } from "./markdown.ts";
import { yamlText, type YamlValue } from "./yaml-text.ts";

/** Everything the bot writes lies below this folder. */
export const STATUS_FOLDER = "status";
export const README_PATH = `${STATUS_FOLDER}/README.md`;
export const FLEET_PATH = `${STATUS_FOLDER}/fleet.yaml`;
export const DEPLOYMENTS_FOLDER = `${STATUS_FOLDER}/deployments`;
/** Of failed and of pending devices, at most so many are named. */
export const NAMED_DEVICES_MAX = 50;
/** With more deployments than this their files are spread over folders. */
export const UNSHARDED_MAX = 256;

const HEADER = "# Written by gitfleet from what the devices report. Changes made here by hand are replaced.\n";
const ERROR_MAX_CHARS = 1_024;

type Fields = Readonly<Record<string, YamlValue | undefined>>;

/** How a person gets out of it. */
export const NEXT_STEP = {
  invalid: "fix the commit with another one, or revert it; the fleet stays on the applied commit until then",
  held: "if the removals are meant, commit with the trailer `Gitfleet-Allow-Prune: true`; else revert",
} as const;

/** Where the file of a deployment lies. `total` is how many deployments there are. */
export function deploymentPath(name: DeploymentName, total: number): string {
  const folder =
    total > UNSHARDED_MAX ? `${DEPLOYMENTS_FOLDER}/${hash("sha256", name).slice(0, 2)}` : DEPLOYMENTS_FOLDER;
  return `${folder}/${fileName(name)}.yaml`;
}

// Authored names are plain; older writers may have put anything but dots, stars and white space on the wire.
function fileName(name: string): string {
  return encodeURIComponent(name);
}

/** `status/deployments/<name>.yaml` */
export function deploymentFile(name: DeploymentName, aggregate: Aggregate, troubled: Troubled): string {
  return yamlFile({
    deployment: name,
    aggregate: { ...aggregate, last_error: lastError(aggregate) },
    failed: troubled.failed.slice(0, NAMED_DEVICES_MAX).map(named),
    ...more("failed_not_named", troubled.failedTotal),
    pending: troubled.pending.slice(0, NAMED_DEVICES_MAX).map(named),
    ...more("pending_not_named", troubled.pendingTotal),
  });
}

function lastError({ last_error: last }: Aggregate): Fields | null {
  return last === null ? null : { ...last, message: oneLine(last.message, ERROR_MAX_CHARS) };
}

function named({ device, offline, error, at }: TroubledDevice): Fields {
  return {
    device,
    ...(offline ? { offline } : {}),
    ...(error === null || error === "" ? {} : { error: oneLine(error, ERROR_MAX_CHARS) }),
    ...(at === null ? {} : { at }),
  };
}

function more(field: string, total: number): Record<string, number> {
  return total > NAMED_DEVICES_MAX ? { [field]: total - NAMED_DEVICES_MAX } : {};
}

/** What `status/fleet.yaml` is made of. */
export interface FleetFacts {
  /** Null where no reconciler has written yet. */
  readonly record: ReconcilerRecord | null;
  readonly devices: DeviceCounts;
  readonly totals: Totals;
}

/** Sums over all deployments. */
export interface Totals extends Omit<Aggregate, "last_error"> {
  readonly deployments: number;
}

/** `status/fleet.yaml` */
export function fleetFile({ record, devices, totals }: FleetFacts): string {
  return yamlFile({
    fleet: record?.fleet ?? null,
    branch: record?.branch ?? null,
    head: record?.head ?? null,
    applied: record?.applied ?? null,
    applied_at: record?.applied_at ?? null,
    refused: record === null || record.refused === null ? null : refused(record.refused),
    devices: {
      total: devices.devices,
      online: devices.devices - devices.offline,
      offline: devices.offline,
      paused: devices.paused,
    },
    deployments: totals.deployments,
    aggregate: aggregateOf(totals),
  });
}

function aggregateOf({ matched, succeeded, failed, pending, offline, paused, unverified }: Totals): Fields {
  return { matched, succeeded, failed, pending, offline, paused, unverified };
}

function refused({ commit, reason, message, problems, removes, of }: NonNullable<ReconcilerRecord["refused"]>): Fields {
  const counts = reason === "invalid" ? { problems } : { removes, of };
  return { commit, reason, message: oneLine(message, ERROR_MAX_CHARS), ...counts, what_to_do: NEXT_STEP[reason] };
}

function yamlFile(content: Fields): string {
  return `${HEADER}${yamlText(content)}`;
}

const MOMENT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;

/** A file without its times: where only they differ, nothing worth a commit happened. */
export function substanceOf(text: string): string {
  return text.replaceAll(MOMENT, "");
}
