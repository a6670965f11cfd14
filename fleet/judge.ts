/** Judges the devices of a fleet by the rules: all of them, or only what a change touches. */
import { dependsOnDevices, judgeDeployment, judgeDevices } from "./device-rules.ts";
import type { Deployment, FleetSettings } from "./fleet.ts";
import type { Match, TargetDevice } from "./match.ts";
import type { Matches, Touched } from "./matches.ts";
import type { NumberSet } from "./number-set.ts";
import { isTemplated, portsClash, type MatchedDeployment } from "./port-conflicts.ts";
import { Causes, type RuleFailure } from "./rule-failure.ts";

/** Everything that is broken, by place. Most fleets break nothing, and that is found out without a list of all pairs. */
export function* judgeMatches(matches: Matches, settings: FleetSettings): Generator<void, RuleFailure[]> {
  const clashes = yield* anyPortsClash(matches);
  const suspects: MatchedDeployment[] = [];
  let pairs = 0;
  for (const [, match] of matches.deployments.entries()) {
    const { deployment } = match;
    if (!dependsOnDevices(deployment) && !(clashes && deployment.parts.ports.length > 0)) continue;
    suspects.push(matchedDeployment(matches, match));
    pairs += match.matched.size;
    if (pairs < PAIRS_PER_STEP) continue;
    pairs = 0;
    yield;
  }
  // Without a clash there is nothing to find about ports, and no need to look for it.
  const portless = clashes ? suspects : suspects.map(withoutPorts);
  return yield* judgeDevices(portless, settings);
}

/** True where a change of a fleet that breaks nothing breaks nothing either. */
export function* staysSound(
  { before, after, touched }: MatchesStep,
  settings: FleetSettings,
): Generator<void, boolean> {
  const causes = new Causes(settings);
  const suspects = new Set<number>();
  for (const [number, devices] of touched) {
    const match = after.deployments.at(number);
    if (match === undefined) continue;
    const { deployment } = match;
    const concerned = isJudgedAlike(before.deployments.at(number)?.deployment, deployment) ? devices : "all";
    if (dependsOnDevices(deployment)) {
      judgeDeployment(causes, { deployment, devices: devicesOf(after, concerned, match) }, settings);
      if (causes.failures().length > 0) return false;
    }
    if (!after.ports.mayClash(deployment)) continue;
    if (concerned === "all" && portsClash([deployment], null)) return false;
    for (const device of concerned === "all" ? match.matched : concerned) suspects.add(device);
  }
  return !(yield* anyClashOn(after, suspects));
}

/** From one state of matches to the next. */
export interface MatchesStep {
  readonly before: Matches;
  readonly after: Matches;
  readonly touched: Touched;
}

const PAIRS_PER_STEP = 10_000;
const DEVICES_PER_STEP = 500;

function matchedDeployment(matches: Matches, match: Match): MatchedDeployment {
  const devices = devicesOf(matches, "all", match).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { deployment: match.deployment, devices };
}

function devicesOf({ devices }: Matches, which: "all" | Iterable<number>, { matched }: Match): TargetDevice[] {
  const found: TargetDevice[] = [];
  for (const number of which === "all" ? matched : which) {
    const device = devices.at(number);
    if (device !== undefined) found.push(device);
  }
  return found;
}

function withoutPorts({ deployment, devices }: MatchedDeployment): MatchedDeployment {
  return { deployment: { ...deployment, parts: { ...deployment.parts, ports: [] } }, devices };
}

/** True where the rules cannot tell the two from each other: the same score, or none that depends on a device. */
function isJudgedAlike(before: Deployment | undefined, { score, parts }: Deployment): boolean {
  if (before === undefined) return false;
  if (before.score === score) return true;
  if (parts.templates.length > 0 || parts.mayBeTooLarge) return false;
  const [old, young] = [before.parts.ports, parts.ports];
  return old.length === young.length && old.every(({ text }, at) => text === young[at]?.text);
}

/** True where some device publishes a port twice. */
function* anyPortsClash(matches: Matches): Generator<void, boolean> {
  const clusters = new Map<NumberSet, Deployment[]>();
  for (const [, { deployment, matched }] of matches.deployments.entries()) {
    if (!matches.ports.mayClash(deployment)) continue;
    if (portsClash([deployment], null)) return true;
    const cluster = clusters.get(matched);
    if (cluster === undefined) clusters.set(matched, [deployment]);
    else cluster.push(deployment);
  }
  // Deployments with one answer of the index have the same devices: one look at them is enough for all.
  const seen = new Uint8Array(matches.numbering.devices.size);
  const shared = new Set<number>();
  for (const [devices, deployments] of clusters) {
    const onAnyDevice = !deployments.some(isTemplated);
    if (onAnyDevice && devices.size > 0 && portsClash(deployments, null)) return true;
    devices.forEach((device) => {
      if (!onAnyDevice || seen[device] === 1) shared.add(device);
      seen[device] = 1;
    });
    yield;
  }
  return yield* anyClashOn(matches, shared);
}

/** True where one of the devices publishes a port twice. Devices that run the same are looked at once. */
function* anyClashOn(matches: Matches, devices: Iterable<number>): Generator<void, boolean> {
  const sound = new Set<string>();
  let looked = 0;
  for (const number of devices) {
    looked += 1;
    if (looked % DEVICES_PER_STEP === 0) yield;
    const device = matches.devices.at(number);
    if (device === undefined) continue;
    const numbers = matches.on(device).filter((deployment) => {
      const match = matches.deployments.at(deployment);
      return match !== undefined && matches.ports.mayClash(match.deployment);
    });
    const key = numbers.join();
    if (sound.has(key)) continue;
    const deployments = numbers.flatMap((deployment) => matches.deployments.at(deployment)?.deployment ?? []);
    if (portsClash(deployments, device)) return true;
    if (!deployments.some(isTemplated)) sound.add(key);
  }
  return false;
}
