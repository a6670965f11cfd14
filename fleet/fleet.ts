/** The validated model of a fleet repository: what exists, and where each thing is written. */
import type { Labels } from "#schema/labels.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { PublishedPort } from "#schema/port.ts";
import type { Score, ScoreTag } from "#schema/score.ts";
import type { LabelSelector } from "#schema/selector.ts";
import type { ChoiceShape, TextShape } from "#schema/shape.ts";
import type { Matches } from "./matches.ts";
import type { NumberedMap } from "./numbered-map.ts";
import type { Place } from "./problem.ts";
import type { TemplatePart } from "./template.ts";

/** How many removals one pass may make before it is held. */
export interface PruneSettings {
  readonly maxPercent: number;
  readonly minKeys: number;
}

/** fleet.yaml, with every default filled in. */
export interface FleetSettings {
  readonly paused: boolean;
  readonly admission: "declared" | "reported";
  /** Label keys that devices may say about themselves. */
  readonly reportedLabels: readonly string[];
  readonly offlineAfterMs: number;
  readonly prune: PruneSettings;
  readonly statusBranch: string;
  readonly statusIntervalMs: number;
  readonly scoreTag: ScoreTag;
}

/** What of a score must be judged for each device, with where it stands. */
export interface ScoreParts {
  /** Texts with placeholders. */
  readonly templates: readonly PlacedTemplate[];
  readonly ports: readonly PlacedPort[];
  /** False where no device can make the value too large for the wire. */
  readonly mayBeTooLarge: boolean;
  readonly scorePlace: Place;
}

/** A text with placeholders. */
export interface PlacedTemplate {
  readonly place: Place;
  readonly parts: readonly TemplatePart[];
  readonly shape: TextShape | ChoiceShape;
}

/** A port that a service publishes: read, or still a text with placeholders. */
export interface PlacedPort {
  readonly place: Place;
  readonly service: string;
  readonly text: string;
  readonly port: PublishedPort | null;
  readonly parts: readonly TemplatePart[] | null;
}

/** One document of kind Deployment. */
export interface Deployment {
  readonly name: DeploymentName;
  readonly labels: Labels;
  readonly paused: boolean;
  /** Its own selector, or that of the DeviceSelector it names. */
  readonly selector: LabelSelector;
  readonly selectorRef: string | null;
  /** As authored: placeholders are not replaced. */
  readonly score: Score;
  readonly parts: ScoreParts;
  /** Where the document begins. */
  readonly place: Place;
}

/** One document of kind Device. */
export interface Device {
  readonly id: DeviceId;
  readonly labels: Labels;
  readonly paused: boolean;
  readonly place: Place;
}

/** One document of kind DeviceSelector. */
export interface NamedSelector {
  readonly name: string;
  readonly selector: LabelSelector;
  readonly place: Place;
}

/** Everything a valid repository says. Maps are sorted by name. */
export interface Fleet {
  readonly name: string;
  readonly settings: FleetSettings;
  readonly deployments: NumberedMap<DeploymentName, Deployment>;
  readonly devices: NumberedMap<DeviceId, Device>;
  readonly selectors: NumberedMap<string, NamedSelector>;
  /** Which deployments land on which of the declared devices. */
  readonly matches: Matches;
}

/** What a fleet is called where no fleet.yaml names it. */
export const DEFAULT_FLEET_NAME = "default";

/** The settings of a fleet without fleet.yaml. */
export const DEFAULT_SETTINGS: FleetSettings = {
  paused: false,
  admission: "declared",
  reportedLabels: [],
  offlineAfterMs: 90_000,
  prune: { maxPercent: 30, minKeys: 10 },
  statusBranch: "fleet-status",
  statusIntervalMs: 60_000,
  scoreTag: "adjacent",
};
