/** One file of a fleet repository, checked by itself: its problems, and the objects in it that are sound enough to go on with. */
import { deploymentParts } from "./deployment-parts.ts";
import type {
  DeploymentDocument,
  DeviceDocument,
  DeviceSelectorDocument,
  DocumentKind,
  FleetSettingsDocument,
  FleetSpec,
} from "#schema/documents.ts";
import { parseDurationMs } from "#schema/duration.ts";
import { FILE_PROBLEMS_MAX } from "#schema/limits.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { labelsOf, selectorOf } from "#schema/selector-shape.ts";
import type { LabelSelector } from "#schema/selector.ts";
import { DEFAULT_SETTINGS, type Deployment, type Device, type FleetSettings } from "./fleet.ts";
import { Lines } from "./lines.ts";
import { kindOf, ParsedDocument, placeAt, problemAt, type FileText } from "./parsed-document.ts";
import type { Place, Problem } from "./problem.ts";
import { FLEET_FILE } from "./snapshot.ts";
import { readYaml } from "./yaml.ts";

/** A name, where it stands, and what bears it; `sound` is null where the rest has problems. */
export interface Named<Name extends string, Sound> {
  readonly name: Name;
  readonly namePlace: Place;
  readonly sound: Sound | null;
}

/** A deployment whose selector may still be a name. */
export interface ParsedDeployment {
  readonly own: Omit<Deployment, "selector" | "selectorRef">;
  readonly selector: LabelSelector | null;
}

/** A reference to a DeviceSelector. */
export interface SelectorReference {
  readonly name: string;
  readonly place: Place;
}

export interface DeploymentEntry extends Named<DeploymentName, ParsedDeployment> {
  readonly reference: SelectorReference | null;
}
export type DeviceEntry = Named<DeviceId, Device>;
export interface SelectorEntry extends Named<string, LabelSelector> {
  readonly place: Place;
}
export type SettingsEntry = Named<string, FleetSettings>;

/** What one file gives. */
export interface ParsedFile {
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly deployments: readonly DeploymentEntry[];
  readonly devices: readonly DeviceEntry[];
  readonly selectors: readonly SelectorEntry[];
  readonly settings: readonly SettingsEntry[];
  /** Where references stand that have no sound deployment around them. */
  readonly references: readonly SelectorReference[];
  /** Documents of each kind, sound or not. */
  readonly counts: Readonly<Record<DocumentKind, number>>;
}

type Parts = {
  -readonly [K in "deployments" | "devices" | "selectors" | "settings" | "references"]: ParsedFile[K][number][];
};

const FOLDER_KINDS: Readonly<Record<string, readonly DocumentKind[]>> = {
  deployments: ["Deployment"],
  devices: ["Device", "DeviceSelector"],
  [FLEET_FILE]: ["Fleet"],
};

/** Checks the text of one file. */
export function parseFile(path: string, text: string): ParsedFile {
  const reading = readYaml(text);
  const source: FileText = { file: path, lines: new Lines(text), hasFaults: reading.faults.length > 0 };
  const problems = reading.faults.map((fault) => problemAt(placeAt(source, fault.offset), fault.code, fault.message));
  const parts: Parts = { deployments: [], devices: [], selectors: [], settings: [], references: [] };
  const counts = { Deployment: 0, Device: 0, DeviceSelector: 0, Fleet: 0 };
  // What an alias repeats is not in the length of the text.
  const longest = text.includes("*") ? Number.POSITIVE_INFINITY : text.length;
  for (const root of reading.documents) {
    const kind = kindOf(source, root);
    if (kind === null) continue;
    if (typeof kind !== "string") {
      problems.push(kind);
      continue;
    }
    counts[kind]++;
    const document = new ParsedDocument(kind, source, root);
    problems.push(...misplaced(document, path), ...document.problems);
    collect(parts, document, placeAt(source, root.entries?.[0]?.offset ?? root.offset), longest);
  }
  return { path, problems: tidy(path, problems), ...parts, counts };
}

/** A file with nothing in it but one problem about the whole of it. */
export function unreadableFile(path: string, code: Problem["code"], message: string): ParsedFile {
  const problem: Problem = { file: path, line: 1, column: 1, code, message };
  const counts = { Deployment: 0, Device: 0, DeviceSelector: 0, Fleet: 0 };
  return {
    path,
    problems: [problem],
    deployments: [],
    devices: [],
    selectors: [],
    settings: [],
    references: [],
    counts,
  };
}

function misplaced(document: ParsedDocument, path: string): Problem[] {
  const kinds = FOLDER_KINDS[path.split("/")[0] ?? ""] ?? [];
  if (kinds.includes(document.kind)) return [];
  const home = Object.entries(FOLDER_KINDS).find(([, held]) => held.includes(document.kind))?.[0];
  const where = home === FLEET_FILE ? FLEET_FILE : `${home}/`;
  const message = `a ${document.kind} belongs into ${where}; here are only documents of kind ${kinds.join(" and ")}`;
  return [problemAt(document.placeOf(["kind"]), "unknown-kind", message)];
}

function collect(parts: Parts, document: ParsedDocument, place: Place, textLength: number): void {
  switch (document.kind) {
    case "Deployment":
      return collectDeployment(parts, document, place, textLength);
    case "Device":
      return collectDevice(parts, document, place);
    case "DeviceSelector":
      return collectSelector(parts, document, place);
    case "Fleet":
      return collectSettings(parts, document);
  }
}

function collectDeployment(parts: Parts, document: ParsedDocument, place: Place, textLength: number): void {
  const refPath = ["spec", "selectorRef"];
  const ref = document.valueAt(refPath);
  const reference = typeof ref === "string" ? { name: ref, place: document.placeOf(refPath) } : null;
  if (reference !== null) parts.references.push(reference);
  const name = soundName(document);
  if (name === null) return;
  const common = { name: name as DeploymentName, namePlace: document.placeOf(["metadata", "name"]), reference };
  if (
    !document.isSound("spec", "targetSelector") ||
    !document.isSound("spec", "score", "type") ||
    !hasServices(document)
  ) {
    parts.deployments.push({ ...common, sound: null });
    return;
  }
  const value = document.valueAt([]) as DeploymentDocument;
  const own = {
    name: common.name,
    labels: labelsOf(value.metadata.labels),
    paused: value.spec.paused === true,
    score: value.spec.score,
    parts: deploymentParts(document, value.spec.score, textLength),
    place,
  };
  const selector = value.spec.targetSelector === undefined ? null : selectorOf(value.spec.targetSelector);
  parts.deployments.push({ ...common, sound: { own, selector } });
}

/** True where there is a list of services to look at, even if some of them have problems. */
function hasServices(document: ParsedDocument): boolean {
  return Array.isArray(document.valueAt(["spec", "score", "data", "services"]));
}

function collectDevice(parts: Parts, document: ParsedDocument, place: Place): void {
  const id = soundName(document);
  if (id === null) return;
  const value = document.valueAt([]) as DeviceDocument;
  const sound = document.isSound("metadata", "labels")
    ? { id: id as DeviceId, labels: labelsOf(value.metadata.labels), paused: value.spec?.paused === true, place }
    : null;
  parts.devices.push({ name: id as DeviceId, namePlace: document.placeOf(["metadata", "name"]), sound });
}

function collectSelector(parts: Parts, document: ParsedDocument, place: Place): void {
  const name = soundName(document);
  if (name === null) return;
  const value = document.valueAt([]) as DeviceSelectorDocument;
  const sound = document.isSound("spec") && value.spec !== undefined ? selectorOf(value.spec) : null;
  parts.selectors.push({ name, namePlace: document.placeOf(["metadata", "name"]), sound, place });
}

function collectSettings(parts: Parts, document: ParsedDocument): void {
  const name = soundName(document);
  const value = document.valueAt([]) as FleetSettingsDocument;
  const sound = document.isSound("spec") ? settingsOf(value.spec ?? {}) : null;
  parts.settings.push({ name: name ?? "", namePlace: document.placeOf(["metadata", "name"]), sound });
}

function soundName(document: ParsedDocument): string | null {
  const name = document.valueAt(["metadata", "name"]);
  return typeof name === "string" && document.isSound("metadata", "name") ? name : null;
}

function settingsOf(spec: FleetSpec): FleetSettings {
  const standard = DEFAULT_SETTINGS;
  return {
    paused: spec.paused ?? standard.paused,
    admission: spec.devices?.admission ?? standard.admission,
    reportedLabels: spec.devices?.reportedLabels ?? standard.reportedLabels,
    offlineAfterMs: parseDurationMs(spec.devices?.offlineAfter ?? "") ?? standard.offlineAfterMs,
    prune: {
      maxPercent: spec.prune?.maxPercent ?? standard.prune.maxPercent,
      minKeys: spec.prune?.minKeys ?? standard.prune.minKeys,
    },
    statusBranch: spec.status?.branch ?? standard.statusBranch,
    statusIntervalMs: parseDurationMs(spec.status?.interval ?? "") ?? standard.statusIntervalMs,
    scoreTag: spec.wire?.scoreTag ?? standard.scoreTag,
  };
}

/** Sorted by place, each once, bounded. */
function tidy(path: string, problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const sorted = problems
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .filter(({ line, column, code, message }) => {
      const key = `${line}:${column}:${code}:${message}`;
      return !seen.has(key) && seen.add(key);
    });
  if (sorted.length <= FILE_PROBLEMS_MAX) return sorted;
  const message = `this file has ${sorted.length} problems; the first ${FILE_PROBLEMS_MAX} are shown`;
  return [
    { file: path, line: 1, column: 1, code: "too-many-problems", message },
    ...sorted.slice(0, FILE_PROBLEMS_MAX),
  ];
}
