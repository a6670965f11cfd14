/** Two services on one device that publish the same port. */
import { parsePort, type PublishedPort } from "#schema/port.ts";
import type { Cause } from "./rule-failure.ts";
import type { Deployment, PlacedPort } from "./fleet.ts";
import { renderParts, type LabelledDevice } from "./template.ts";

/** A deployment and the devices it lands on. */
export interface MatchedDeployment {
  readonly deployment: Deployment;
  readonly devices: readonly LabelledDevice[];
}

interface Holder {
  readonly deployment: Deployment;
  readonly placed: PlacedPort;
  readonly port: PublishedPort;
}

interface Conflict {
  readonly later: Holder;
  readonly earlier: Holder;
}

/** Tells every conflict for each device that has it. Deployments come sorted by place: the later port is the wrong one. */
export function findPortConflicts(matched: readonly MatchedDeployment[], tell: (cause: Cause) => void): void {
  const publishing = contested(matched.filter(({ deployment }) => deployment.parts.ports.length > 0));
  const known = new Map<string, readonly Conflict[]>();
  for (const [device, indexes] of byDevice(publishing)) {
    const deployments = indexes.map((index) => publishing[index]?.deployment).filter((found) => found !== undefined);
    // Devices that run the same deployments have the same conflicts, unless a port depends on the device.
    const key = deployments.some(isTemplated) ? null : indexes.join();
    const conflicts = (key === null ? undefined : known.get(key)) ?? conflictsOf(deployments, device);
    if (key !== null) known.set(key, conflicts);
    for (const conflict of conflicts) tell(causeOf(conflict, device));
  }
  for (const { deployment, devices } of publishing) {
    if (devices.length > 0) continue;
    for (const conflict of conflictsOf([deployment], null)) tell(causeOf(conflict, null));
  }
}

/** Those that publish a port which is published twice somewhere, or may be: most fleets have none, and are done. */
function contested(publishing: readonly MatchedDeployment[]): readonly MatchedDeployment[] {
  if (publishing.some(({ deployment }) => isTemplated(deployment))) return publishing;
  const count = new Map<number, number>();
  const portsOf = ({ deployment }: MatchedDeployment): number[] =>
    deployment.parts.ports.map(({ port }) => port?.hostPort ?? 0);
  for (const port of publishing.flatMap(portsOf)) count.set(port, (count.get(port) ?? 0) + 1);
  return publishing.filter((one) => portsOf(one).some((port) => (count.get(port) ?? 0) > 1));
}

/** For each device, sorted by id, the deployments with ports that land on it, by their index. */
function byDevice(matched: readonly MatchedDeployment[]): [LabelledDevice, number[]][] {
  const found = new Map<LabelledDevice, number[]>();
  for (const [index, { devices }] of matched.entries()) {
    for (const device of devices) {
      const indexes = found.get(device);
      if (indexes === undefined) found.set(device, [index]);
      else indexes.push(index);
    }
  }
  return [...found].toSorted(([a], [b]) => (a.id < b.id ? -1 : 1));
}

/** True where deployments that land on one device publish the same port there; without a device, as far as it is certain. */
export function portsClash(deployments: readonly Deployment[], device: LabelledDevice | null): boolean {
  return conflictsOf(deployments, device).length > 0;
}

function conflictsOf(deployments: readonly Deployment[], device: LabelledDevice | null): Conflict[] {
  const taken = new Map<string, Holder>();
  const conflicts: Conflict[] = [];
  for (const deployment of deployments) {
    for (const placed of deployment.parts.ports) {
      const port = portOn(placed, device);
      if (port === null) continue;
      const later = { deployment, placed, port };
      const earlier = slotsOf(port)
        .map((slot) => taken.get(slot))
        .find((holder) => holder !== undefined);
      if (earlier !== undefined) conflicts.push({ later, earlier });
      for (const slot of heldSlots(port)) if (!taken.has(slot)) taken.set(slot, later);
    }
  }
  return conflicts;
}

/** What a port clashes with: its own address and those who hold all; who wants all clashes with anybody. */
function slotsOf({ address, hostPort, protocol }: PublishedPort): string[] {
  const base = `${hostPort}/${protocol}`;
  return address === null ? [`${base} any`] : [`${base} all`, `${base} ${address}`];
}

/** Where others find it. */
function heldSlots({ address, hostPort, protocol }: PublishedPort): string[] {
  const base = `${hostPort}/${protocol}`;
  return [`${base} any`, `${base} ${address ?? "all"}`];
}

function portOn(placed: PlacedPort, device: LabelledDevice | null): PublishedPort | null {
  if (placed.parts === null || device === null) return placed.port;
  const rendered = renderParts(placed.parts, device);
  return rendered.kind === "text" ? parsePort(rendered.text) : null;
}

function causeOf({ later, earlier }: Conflict, device: LabelledDevice | null): Cause {
  const { place } = earlier.placed;
  const at = `${place.file}:${place.line}`;
  const held = `${earlier.deployment.name}/${earlier.placed.service}`;
  const what = `the port ${later.port.hostPort}/${later.port.protocol} is already published by ${held} at ${at}; publish another one, or on another address`;
  return {
    place: later.placed.place,
    code: "port-conflict",
    detail: `${at}:${place.column}`,
    what,
    device: device?.id ?? null,
    everywhere: later.deployment === earlier.deployment && later.placed.parts === null && earlier.placed.parts === null,
  };
}

/** True where a port depends on the device. */
export function isTemplated(deployment: Deployment): boolean {
  return deployment.parts.ports.some(({ parts }) => parts !== null);
}
