/** The documents that people write in a fleet repository: Deployment, Device, DeviceSelector and Fleet. */
import { deploymentSpecShape, type DeploymentSpec } from "./deployment-spec.ts";
import { parseDurationMs } from "./duration.ts";
import { labelKeyFault } from "./labels.ts";
import { isRfc1123Label } from "./names.ts";
import {
  integer,
  list,
  object,
  optional,
  required,
  text,
  type Fault,
  type FieldsOf,
  type ObjectShape,
  type Shape,
} from "./shape.ts";
import { labelMapShape, selectorShape, type AuthoredSelector } from "./selector-shape.ts";
import { quoted } from "./shape-check.ts";

/** What every document says its format is. */
export const API_VERSION = "gitfleet.dev/v1alpha1";

/** The kinds of documents. */
export const DOCUMENT_KINDS = ["Deployment", "Device", "DeviceSelector", "Fleet"] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The name of a document, and what people want to note about it. */
export interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What each document has. */
export interface FleetDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}
/** A document that says nothing without a spec. */
interface WithSpec<Spec> extends FleetDocument {
  readonly spec: Spec;
}
/** A document whose spec has nothing but optional fields. */
interface WithOptionalSpec<Spec> extends FleetDocument {
  readonly spec?: Spec;
}

export interface DeviceSpec {
  readonly paused?: boolean;
}

/** fleet.yaml's spec, as written. */
export interface FleetSpec {
  readonly paused?: boolean;
  readonly devices?: {
    readonly admission?: "declared" | "reported";
    readonly reportedLabels?: readonly string[];
    readonly offlineAfter?: string;
  };
  readonly prune?: { readonly maxPercent?: number; readonly minKeys?: number };
  readonly status?: { readonly branch?: string; readonly interval?: string };
  readonly wire?: { readonly scoreTag?: "adjacent" | "external" };
}

export type DeploymentDocument = WithSpec<DeploymentSpec>;
export type DeviceDocument = WithOptionalSpec<DeviceSpec>;
export type DeviceSelectorDocument = WithSpec<AuthoredSelector>;
export type FleetSettingsDocument = WithOptionalSpec<FleetSpec>;

const NAME_PATTERN = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

const metadataShape = object<Metadata>("the name of the document, and what people want to note about it", {
  name: required(
    text("1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit", {
      check: nameFault,
      pattern: NAME_PATTERN,
    }),
  ),
  labels: optional(labelMapShape("labels of the document; those of a Device are what selectors look at")),
  annotations: optional({
    kind: "map",
    about: "notes for people and tools",
    key: (key) => labelFault(labelKeyFault(key), key),
    of: text("any text"),
  }),
});

const deviceSpecShape = object<DeviceSpec>("settings of this device", {
  paused: optional({ kind: "flag", about: "true: nothing is written to this device, repaired or deleted" }),
});

const fleetSpecShape = object<FleetSpec>("settings of the whole fleet", {
  paused: optional({ kind: "flag", about: "true: nothing is written anywhere" }),
  devices: optional(
    object<NonNullable<FleetSpec["devices"]>>("which devices there are, and what they may say about themselves", {
      admission: optional({
        kind: "choice",
        about: "declared: devices with a file here; reported: also devices that have published device-info",
        values: ["declared", "reported"],
      }),
      reportedLabels: optional(
        list(
          "label keys taken from device-info",
          text("a label key", { check: (key) => labelFault(labelKeyFault(key), key) }),
        ),
      ),
      offlineAfter: optional(durationText("how long a device may be silent before it counts as offline", 1_000)),
    }),
  ),
  prune: optional(
    object<NonNullable<FleetSpec["prune"]>>("how much one commit may remove before a person has to say so", {
      maxPercent: optional(integer("percent of all keys", 0, 100)),
      minKeys: optional(integer("so many removals are always allowed", 0, 1_000_000)),
    }),
  ),
  status: optional(
    object<NonNullable<FleetSpec["status"]>>("where the truth is written back", {
      branch: optional(text("an orphan branch of this repository", { check: branchFault })),
      interval: optional(durationText("the shortest time between two status commits", 1_000)),
    }),
  ),
  wire: optional(
    object<NonNullable<FleetSpec["wire"]>>("how values are written", {
      scoreTag: optional({
        kind: "choice",
        about: 'adjacent: {"type":T,"data":D}; external: {T:D}, for older agents',
        values: ["adjacent", "external"],
      }),
    }),
  ),
});

/** The whole document of a kind. */
export function documentShape(kind: DocumentKind): ObjectShape {
  return SHAPES[kind];
}

const SHAPES: Readonly<Record<DocumentKind, ObjectShape>> = {
  Deployment: object<DeploymentDocument>("what to run, and on which devices", {
    ...head("Deployment"),
    spec: required(deploymentSpecShape),
  }),
  Device: object<DeviceDocument>("one device of the fleet", { ...head("Device"), spec: optional(deviceSpecShape) }),
  DeviceSelector: object<DeviceSelectorDocument>("a selector with a name, for deployments to share", {
    ...head("DeviceSelector"),
    spec: required(selectorShape),
  }),
  Fleet: object<FleetSettingsDocument>("settings for the whole fleet, in fleet.yaml", {
    ...head("Fleet"),
    spec: optional(fleetSpecShape),
  }),
};

function head(kind: DocumentKind): FieldsOf<FleetDocument> {
  return {
    apiVersion: required({ kind: "choice", about: "the format of this document", values: [API_VERSION] }),
    kind: required({ kind: "choice", about: "the kind of this document", values: [kind] }),
    metadata: required(metadataShape),
  };
}

function nameFault(name: string): Fault | null {
  if (isRfc1123Label(name)) return null;
  const rule = "a name is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit";
  return { code: "invalid-name", message: `${quoted(name)} is not a name: ${rule}` };
}

function labelFault(why: string | null, label: string): Fault | null {
  return why === null ? null : { code: "invalid-label", message: `${quoted(label)}: ${why}` };
}

function durationText(about: string, minMs: number): Shape {
  return text(`${about}, such as 90s or 5m`, {
    check: (value) => {
      const durationMs = parseDurationMs(value);
      if (durationMs !== null && durationMs >= minMs) return null;
      const rule = `a duration is a number and ms, s, m, h or d, such as 90s, and at least ${minMs / 1_000}s`;
      return { code: "invalid-value", message: `${quoted(value)} is not a duration: ${rule}` };
    },
  });
}

/** The rules of git check-ref-format that a name of a branch can break. */
function branchFault(name: string): Fault | null {
  const parts = name.split("/");
  const sound =
    name.length <= 200 &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\.$|^@$|^-/u.test(name) &&
    parts.every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
  return sound
    ? null
    : { code: "invalid-value", message: `${quoted(name)} is not a name that git accepts for a branch` };
}
