/** Rules that only a device can break: labels that it lacks, texts that do not fit once replaced, ports that clash. */
import { VALUE_MAX_BYTES } from "#schema/limits.ts";
import type { DeviceId } from "#schema/names.ts";
import { quoted, textFault } from "#schema/shape-check.ts";
import type { Deployment, FleetSettings, PlacedTemplate } from "./fleet.ts";
import { findPortConflicts, type MatchedDeployment } from "./port-conflicts.ts";
import type { Place } from "./problem.ts";
import { ScoreRenderer } from "./rendered-score.ts";
import { Causes, comparePlaces, type RuleFailure } from "./rule-failure.ts";
import { renderParts, type LabelledDevice, type TemplatePart } from "./template.ts";

/** Everything that deployments break on the devices they land on, by place. Yields now and then. */
export function* judgeDevices(
  matched: readonly MatchedDeployment[],
  settings: FleetSettings,
): Generator<void, RuleFailure[]> {
  const causes = new Causes(settings);
  const sorted = matched.toSorted((a, b) => comparePlaces(a.deployment.place, b.deployment.place));
  let pairs = 0;
  for (const one of sorted) {
    judgeDeployment(causes, one, settings);
    pairs += one.devices.length;
    if (pairs < PAIRS_PER_STEP) continue;
    pairs = 0;
    yield;
  }
  findPortConflicts(sorted, (conflict) => causes.add(conflict));
  return causes.failures();
}

const PAIRS_PER_STEP = 5_000;

/** What one deployment breaks by itself. */
export function judgeDeployment(
  causes: Causes,
  { deployment, devices }: MatchedDeployment,
  settings: FleetSettings,
): void {
  judgeTemplates(causes, deployment, devices);
  if (deployment.parts.mayBeTooLarge) judgeSize(causes, deployment, devices, settings);
}

/** False where no device can break anything of a deployment but a rule about ports. */
export function dependsOnDevices({ parts }: Deployment): boolean {
  return parts.mayBeTooLarge || parts.templates.some((template) => !isAnything(template) || mayLack(template));
}

function mayLack({ parts }: PlacedTemplate): boolean {
  return parts.some((part) => part.kind === "label" && part.fallback === null);
}

/** Most texts may be anything: of those only the labels matter. */
function isAnything({ shape }: PlacedTemplate): boolean {
  return shape.kind === "text" && shape.check === undefined;
}

function judgeTemplates(causes: Causes, deployment: Deployment, devices: readonly LabelledDevice[]): void {
  for (const template of deployment.parts.templates) {
    const { parts } = template;
    const lacking = isAnything(template) ? devices.filter((device) => lacksLabel(parts, device)) : devices;
    for (const device of lacking) judgeText(causes, template, device);
  }
}

function lacksLabel(parts: readonly TemplatePart[], device: LabelledDevice): boolean {
  return parts.some((part) => missingKey(part, device) !== null);
}

function missingKey(part: TemplatePart, { labels }: LabelledDevice): string | null {
  return part.kind === "label" && part.fallback === null && !labels.has(part.key) ? part.key : null;
}

function judgeText(causes: Causes, { place, parts, shape }: PlacedTemplate, device: LabelledDevice): void {
  const rendered = renderParts(parts, device);
  if (rendered.kind === "missing-label") {
    for (const part of parts) addMissing(causes, place, missingKey(part, device), device);
    return;
  }
  const fault = textFault(shape, rendered.text);
  if (fault !== null) causes.add({ place, code: fault.code, detail: "", what: fault.message, device: device.id });
}

function addMissing(causes: Causes, place: Place, key: string | null, device: LabelledDevice): void {
  if (key === null) return;
  const what = `the label ${quoted(key)} is missing; add it, or a fallback: \${device.labels.${key}:-fallback}`;
  causes.add({ place, code: "missing-label", detail: key, what, device: device.id, label: key });
}

function judgeSize(
  causes: Causes,
  deployment: Deployment,
  devices: readonly LabelledDevice[],
  { scoreTag }: FleetSettings,
): void {
  const renderer = new ScoreRenderer(deployment, scoreTag);
  const everywhere = deployment.parts.templates.length === 0;
  const nobody: LabelledDevice = { id: "" as DeviceId, labels: new Map() };
  for (const device of everywhere ? [nobody] : devices) {
    const bytes = renderer.sizeFor(device) ?? 0;
    if (bytes <= VALUE_MAX_BYTES) continue;
    const what = `the value is ${bytes} bytes on the wire, at most ${VALUE_MAX_BYTES} fit; put large content into the image`;
    const { scorePlace: place } = deployment.parts;
    causes.add({ place, code: "value-too-large", detail: "", what, device: everywhere ? null : device.id, everywhere });
  }
}
