/** Rules that only a device can break: labels that it lacks, texts that do not fit once replaced, ports that clash. */
import { VALUE_MAX_BYTES } from "#schema/limits.ts";
import type { DeviceId } from "#schema/names.ts";
import { quoted, textFault } from "#schema/shape-check.ts";
import { compareBytes } from "./byte-order.ts";
import type { DeviceIndex } from "./device-index.ts";
import type { Deployment, FleetSettings, PlacedTemplate } from "./fleet.ts";
import { findPortConflicts } from "./port-conflicts.ts";
import type { Place, Problem } from "./problem.ts";
import { ScoreRenderer } from "./rendered-score.ts";
import { renderParts, type LabelledDevice, type TemplatePart } from "./template.ts";

/** One cause, and every device it concerns, sorted. */
export interface RuleFailure {
  readonly place: Place;
  readonly code: Problem["code"];
  readonly what: string;
  readonly devices: readonly DeviceId[];
  /** False where it depends on what devices report: they keep their keys, and the commit stands. */
  readonly fatal: boolean;
}

/** Everything that the devices of an index break, by place. */
export function judgeDevices(
  deployments: Iterable<Deployment>,
  index: DeviceIndex<LabelledDevice>,
  settings: FleetSettings,
): RuleFailure[] {
  const causes = new Causes(settings);
  const matched = [...deployments]
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .map((deployment) => ({ deployment, devices: index.select(deployment.selector) }));
  for (const { deployment, devices } of matched) {
    judgeTemplates(causes, deployment, devices);
    if (deployment.parts.mayBeTooLarge) judgeSize(causes, deployment, devices, settings);
  }
  findPortConflicts(matched, (conflict) => causes.add(conflict));
  return causes.failures();
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

class Causes {
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

function judgeTemplates(causes: Causes, deployment: Deployment, devices: readonly LabelledDevice[]): void {
  for (const template of deployment.parts.templates) {
    const { parts, shape } = template;
    // Most texts may be anything: of those only the labels matter.
    const anything = shape.kind === "text" && shape.check === undefined;
    const lacking = anything ? devices.filter((device) => lacksLabel(parts, device)) : devices;
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
  const renderer = new ScoreRenderer(deployment.score, scoreTag);
  const everywhere = deployment.parts.templates.length === 0;
  const nobody: LabelledDevice = { id: "" as DeviceId, labels: new Map() };
  for (const device of everywhere ? [nobody] : devices) {
    const value = renderer.render(device);
    const bytes = value === null ? 0 : Buffer.byteLength(value.text);
    if (bytes <= VALUE_MAX_BYTES) continue;
    const what = `the value is ${bytes} bytes on the wire, at most ${VALUE_MAX_BYTES} fit; put large content into the image`;
    const { scorePlace: place } = deployment.parts;
    causes.add({ place, code: "value-too-large", detail: "", what, device: everywhere ? null : device.id, everywhere });
  }
}

function devicesText(devices: readonly DeviceId[]): string {
  const [first, ...more] = devices;
  if (first === undefined) return "";
  if (more.length === 0) return ` (on ${first})`;
  return ` (on ${first} and ${more.length} more ${more.length === 1 ? "device" : "devices"})`;
}
