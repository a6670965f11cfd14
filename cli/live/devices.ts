/** What `gitfleet devices` says: a row for each device that NATS or the repository knows. */
import { plainLine } from "#fleet/escape.ts";
import type { DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import type { Paint } from "../io.ts";
import { count } from "../problem-text.ts";
import { table } from "../table.ts";
import type { LiveDevice, LiveFleet } from "#fleet/live-fleet.ts";
import { ageText } from "./status-text.ts";

/** The devices of a repository: whether each is paused. */
export type DeclaredDevices = ReadonlyMap<DeviceId, { readonly paused: boolean }>;

/** One device. */
export interface DeviceRow {
  readonly device: DeviceId;
  /** Null where no repository was read. */
  readonly declared: boolean | null;
  /** No heartbeat for too long, or never. */
  readonly offline: boolean;
  readonly lastHeartbeatAtMs: number | null;
  readonly paused: boolean;
  /** How many deployments it should run. */
  readonly deployments: number;
  readonly hostname: string | null;
  readonly agentVersion: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Why it looks like two agents; null where it does not. */
  readonly twins: string | null;
}

export interface DeviceSources {
  readonly declared: DeclaredDevices | null;
  readonly twins: ReadonlyMap<DeviceId, string>;
}

/** All devices, sorted by id. */
export function deviceRows(fleet: LiveFleet, { declared, twins }: DeviceSources): DeviceRow[] {
  const known = [...fleet.devices()].map(({ id }) => id);
  const ids = new Set([...known, ...(declared?.keys() ?? [])]);
  return [...ids].toSorted().map((id) => rowOf(id, fleet.device(id), { declared, twins }));
}

function rowOf(id: DeviceId, live: LiveDevice | null, { declared, twins }: DeviceSources): DeviceRow {
  const inventory = live?.info?.inventory;
  return {
    device: id,
    declared: declared === null ? null : declared.has(id),
    // A device that NATS has never heard of has never sent a heartbeat.
    offline: live?.offline ?? true,
    lastHeartbeatAtMs: live?.heartbeatAtMs ?? null,
    paused: live?.paused === true || declared?.get(id)?.paused === true,
    deployments: live?.deployments ?? 0,
    hostname: inventory?.hostname ?? null,
    agentVersion: inventory?.agent_version ?? null,
    labels: live?.info?.labels ?? {},
    twins: twins.get(id) ?? null,
  };
}

/** One JSON object: the devices, and how many of each kind. */
export function devicesJson(rows: readonly DeviceRow[]): string {
  const devices = rows.map((row) => ({
    device: row.device,
    declared: row.declared,
    offline: row.offline,
    last_heartbeat_at: row.lastHeartbeatAtMs === null ? null : wireTime(row.lastHeartbeatAtMs),
    paused: row.paused,
    deployments: row.deployments,
    hostname: row.hostname,
    agent_version: row.agentVersion,
    labels: row.labels,
    two_agents: row.twins,
  }));
  return `${JSON.stringify({ counts: countsOf(rows), devices })}\n`;
}

interface Counts {
  readonly devices: number;
  readonly undeclared: number;
  readonly offline: number;
  readonly paused: number;
  readonly two_agents: number;
}

function countsOf(rows: readonly DeviceRow[]): Counts {
  return {
    devices: rows.length,
    undeclared: rows.filter(({ declared }) => declared === false).length,
    offline: rows.filter(({ offline }) => offline).length,
    paused: rows.filter(({ paused }) => paused).length,
    two_agents: rows.filter(({ twins }) => twins !== null).length,
  };
}

const HEADER = ["DEVICE", "HEARTBEAT", "DECLARED", "DEPLOYMENTS", "HOST", "AGENT", ""];

/** A table, then counts with what to do. */
export function devicesText(rows: readonly DeviceRow[], { paint, nowMs }: { paint: Paint; nowMs: number }): string {
  if (rows.length === 0) return "no devices: none is declared here, and none has reported to this NATS\n";
  const lines = rows.map((row) => [
    row.device,
    heartbeatText(row, paint, nowMs),
    row.declared === null ? "?" : row.declared ? "yes" : paint("yellow", "no"),
    String(row.deployments),
    plainLine(row.hostname ?? "-"),
    plainLine(row.agentVersion ?? "-"),
    [row.paused ? "paused" : "", row.twins === null ? "" : paint("red", row.twins)]
      .filter((word) => word !== "")
      .join(" "),
  ]);
  return `${table([HEADER.map((cell) => paint("dim", cell)), ...lines], { right: [3] })}\n${summary(countsOf(rows))}`;
}

function heartbeatText({ offline, lastHeartbeatAtMs: at }: DeviceRow, paint: Paint, nowMs: number): string {
  if (at === null) return paint("yellow", "never");
  const age = `${ageText(nowMs - at)} ago`;
  return offline ? paint("yellow", `offline, ${age}`) : paint("green", age);
}

function summary({ devices, undeclared, offline, paused, two_agents: twins }: Counts): string {
  const parts = [count(devices, "device"), `${offline} offline`];
  if (paused > 0) parts.push(`${paused} paused`);
  if (undeclared > 0) parts.push(`${undeclared} undeclared (add a file below devices/, or gitfleet forget DEVICE)`);
  if (twins > 0) parts.push(`${twins} with two agents (stop one, or give it a --device-id of its own)`);
  return `${parts.join(", ")}\n`;
}
