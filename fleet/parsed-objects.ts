/** The objects that a document makes, as far as it is sound: what the rest of the repository can be held against. */
import type {
  DeploymentDocument,
  DeviceDocument,
  DeviceSelectorDocument,
  FleetSettingsDocument,
  FleetSpec,
} from "#schema/documents.ts";
import { parseDurationMs } from "#schema/duration.ts";
import { standingAlone } from "#schema/interned.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import { labelsOf, selectorOf } from "#schema/selector-shape.ts";
import type { LabelSelector } from "#schema/selector.ts";
import { deploymentParts } from "./deployment-parts.ts";
import { DEFAULT_SETTINGS, type Deployment, type Device, type FleetSettings } from "./fleet.ts";
import { ParsedDevice } from "./parsed-device.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import type { Place } from "./problem.ts";

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

/** What the documents of a file make. */
export interface ParsedObjects {
  readonly deployments: readonly DeploymentEntry[];
  readonly devices: readonly DeviceEntry[];
  readonly selectors: readonly SelectorEntry[];
  readonly settings: readonly SettingsEntry[];
  /** Every reference to a DeviceSelector, also of a deployment that is not sound. */
  readonly references: readonly SelectorReference[];
}

/** What is being collected. */
export type Collection = { readonly [K in keyof ParsedObjects]: ParsedObjects[K][number][] };

/** The lists of what documents make. */
export const LISTS = ["deployments", "devices", "selectors", "settings", "references"] as const;

const NONE: readonly never[] = Object.freeze([]);
/** Of a file that makes nothing. */
export const NO_OBJECTS: ParsedObjects = {
  deployments: NONE,
  devices: NONE,
  selectors: NONE,
  settings: NONE,
  references: NONE,
};

/** Nothing yet. */
export function emptyCollection(): Collection {
  return { deployments: [], devices: [], selectors: [], settings: [], references: [] };
}

/** What was collected, without room for more: nearly every file makes one thing, and there are many files. */
export function packed(collection: Collection): ParsedObjects {
  const { deployments, devices, selectors, settings, references } = collection;
  return {
    deployments: packedList(deployments),
    devices: packedList(devices),
    selectors: packedList(selectors),
    settings: packedList(settings),
    references: packedList(references),
  };
}

/** The same list in no more memory than it needs. */
export function packedList<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}

/** Adds what a document makes. `place` is where it begins, `textLength` bounds what it can become on the wire. */
export function collect(objects: Collection, document: ParsedDocument, place: Place, textLength: number): void {
  switch (document.kind) {
    case "Deployment":
      return collectDeployment(objects, document, place, textLength);
    case "Device":
      return collectDevice(objects, document, place);
    case "DeviceSelector":
      return collectSelector(objects, document, place);
    case "Fleet":
      return collectSettings(objects, document);
  }
}

function collectDeployment(objects: Collection, document: ParsedDocument, place: Place, textLength: number): void {
  const refPath = ["spec", "selectorRef"];
  const ref = document.valueAt(refPath);
  const reference = typeof ref === "string" ? { name: ref, place: document.placeOf(refPath) } : null;
  if (reference !== null) objects.references.push(reference);
  const name = soundName(document);
  if (name === null) return;
  const common = { name: name as DeploymentName, namePlace: document.placeOf(["metadata", "name"]), reference };
  if (
    !document.isSound("spec", "targetSelector") ||
    !document.isSound("spec", "score", "type") ||
    !hasServices(document)
  ) {
    objects.deployments.push({ ...common, sound: null });
    return;
  }
  const value = document.valueAt([]) as DeploymentDocument;
  const own = {
    name: common.name,
    labels: labelsOf(document.isSound("metadata", "labels") ? value.metadata.labels : undefined),
    paused: value.spec.paused === true,
    score: value.spec.score,
    parts: deploymentParts(document, value.spec.score, textLength),
    place,
  };
  const selector = value.spec.targetSelector === undefined ? null : selectorOf(value.spec.targetSelector);
  objects.deployments.push({ ...common, sound: { own, selector } });
}

/** True where there is a list of services to look at, even if some of them have problems. */
function hasServices(document: ParsedDocument): boolean {
  return Array.isArray(document.valueAt(["spec", "score", "data", "services"]));
}

function collectDevice(objects: Collection, document: ParsedDocument, place: Place): void {
  const id = soundName(document);
  if (id === null) return;
  const name = standingAlone(id) as DeviceId;
  const namePlace = document.placeOf(["metadata", "name"]);
  if (!document.isSound("metadata", "labels")) {
    objects.devices.push({ name, namePlace, sound: null });
    return;
  }
  const { metadata, spec } = document.valueAt([]) as DeviceDocument;
  const places = { document: place, name: namePlace };
  objects.devices.push(new ParsedDevice(name, labelsOf(metadata.labels), spec?.paused === true, places));
}

function collectSelector(objects: Collection, document: ParsedDocument, place: Place): void {
  const name = soundName(document);
  if (name === null) return;
  const value = document.valueAt([]) as DeviceSelectorDocument;
  const sound = document.isSound("spec") && value.spec !== undefined ? selectorOf(value.spec) : null;
  objects.selectors.push({ name, namePlace: document.placeOf(["metadata", "name"]), sound, place });
}

function collectSettings(objects: Collection, document: ParsedDocument): void {
  const name = soundName(document);
  const value = document.valueAt([]) as FleetSettingsDocument;
  const sound = document.isSound("spec") ? settingsOf(value.spec ?? {}) : null;
  objects.settings.push({ name: name ?? "", namePlace: document.placeOf(["metadata", "name"]), sound });
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
