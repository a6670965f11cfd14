/** All that the agent knows. Rebuilt at each start from the disk, the bucket and podman. */
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { Phase } from "#schema/wire.ts";
import type { Seen } from "./container.ts";
import type { Intent } from "./intent.ts";

/** What a person may set; times in milliseconds. */
export interface CoreSettings {
  readonly device: DeviceId;
  readonly heartbeatIntervalMs: number;
  /** Each deployment is looked at anew at least this often. */
  readonly resyncIntervalMs: number;
  /** A candidate without a health check must have been up this long. */
  readonly stableForMs: number;
  /** A candidate that does not listen on its published ports after this long has failed. */
  readonly startLimitMs: number;
}

/** A failed step and when it is tried again. */
export interface Trouble {
  readonly step: string;
  readonly error: string;
  readonly attempt: number;
  readonly retryAtMs: number;
}

/** What the agent remembers of one container; begins anew with each start of it. */
export interface Watch {
  readonly startedAt: string;
  /** Since when it is up or down without a break, as far as the agent saw; null for the other. */
  readonly upSinceMs: number | null;
  readonly downSinceMs: number | null;
  /** podman's restart count when it was last known to be stable. */
  readonly restartsBefore: number;
  /** Starts by the agent since it was last stable. */
  readonly starts: number;
  /** How often it has been stopped for crashing; decides how long it rests. */
  readonly crashes: number;
  readonly restUntilMs: number | null;
  /** Why it rests; stays until it is stable again. */
  readonly error: string | null;
  readonly health: HealthWatch;
}

/** What its health check said since this start. */
export interface HealthWatch {
  readonly ranAtMs: number | null;
  readonly everHealthy: boolean;
  /** Failures in a row that count; `countedAtMs` is when the last one did. */
  readonly streak: number;
  readonly countedAtMs: number | null;
  readonly output: string;
}

/** What is reported about a deployment. */
export interface Report {
  readonly phase: Phase;
  readonly error: string | null;
  readonly digest: string;
}

/**
 * The epoch of what may be untrue: what a record says, since the device may have died before it wrote down what it said
 * last, and what was sent without an answer, since it may have got there. A bucket is then to be looked at again.
 */
export const IN_DOUBT = 0;

/** How far what the bucket should say has got there. */
export interface Published {
  /** Identity of what the bucket acknowledged; `""` for a deleted key, null for unknown. */
  readonly acknowledged: string | null;
  /** The epoch in which the bucket was last known to have it; `IN_DOUBT` where it may hold something else. */
  readonly epoch: number;
  readonly trouble: Trouble | null;
}

/** A version that failed after the swap; the one before serves again. */
export interface RolledBack {
  readonly digest: string;
  readonly error: string;
  readonly attempt: number;
  readonly retryAtMs: number;
}

/** Image ids by version, so that hygiene knows what may still be needed. */
export interface VersionImages {
  readonly digest: string;
  readonly current: readonly string[];
  readonly previous: readonly string[];
}

/** One deployment on this device. */
export interface Local {
  readonly name: DeploymentName;
  /** Null where containers of ours exist that nobody spoke about: they are kept as they are. */
  readonly intent: Intent | null;
  readonly seen: Seen | null;
  /** Looks asked for and looks done: an event during a look asks for one more. */
  readonly looksAsked: number;
  readonly looksDone: number;
  readonly lookedAtMs: number;
  /** Removed containers and network are gone: only the report is left to delete. */
  readonly gone: boolean;
  /** The digest whose containers have shown that they work. */
  readonly accepted: string | null;
  readonly rolledBack: RolledBack | null;
  /** The digest whose ports and names were found free. */
  readonly preflighted: string | null;
  /** Image references pulled for a digest, with their ids. */
  readonly pulled: { readonly digest: string; readonly ids: ReadonlyMap<string, string> };
  readonly pulling: ReadonlySet<string>;
  readonly images: VersionImages;
  readonly trouble: Trouble | null;
  readonly watches: ReadonlyMap<string, Watch>;
  readonly report: Report | null;
  readonly published: Published;
  /** The record as it stands on disk; null for none. */
  readonly saved: string | null;
  readonly saveTrouble: Trouble | null;
}

/** Another agent that writes the same heartbeat. */
export interface Heartbeat {
  readonly dueAtMs: number;
  readonly revision: number | null;
  readonly failed: boolean;
  readonly rivalries: number;
}

export interface State {
  readonly settings: CoreSettings;
  readonly connected: boolean;
  /** True from a connect until the desired state has been read again. */
  readonly replayDue: boolean;
  /** Raised whenever the buckets may have lost something: everything is then offered again. */
  readonly epoch: number;
  readonly probeAtMs: number;
  readonly locals: ReadonlyMap<DeploymentName, Local>;
  readonly surveyAtMs: number;
  readonly info: { readonly wanted: string; readonly published: Published };
  readonly heartbeat: Heartbeat;
  /** Image ids that the agent pulled, with a reference for people, and when removing one is tried next. */
  readonly pulledImages: ReadonlyMap<string, { readonly reference: string; readonly notBeforeMs: number }>;
  readonly savedImages: string;
}

/** A deployment of which nothing is known yet. */
export function newLocal(name: DeploymentName, intent: Intent | null): Local {
  return {
    name,
    intent,
    seen: null,
    looksAsked: 1,
    looksDone: 0,
    lookedAtMs: 0,
    gone: false,
    accepted: null,
    rolledBack: null,
    preflighted: null,
    pulled: { digest: "", ids: new Map() },
    pulling: new Set(),
    images: { digest: "", current: [], previous: [] },
    trouble: null,
    watches: new Map(),
    report: null,
    published: { acknowledged: null, epoch: IN_DOUBT, trouble: null },
    saved: null,
    saveTrouble: null,
  };
}

/** The state of an agent that has seen nothing. `info` is the identity of its device-info (labels and inventory). */
export function newState(settings: CoreSettings, info: string, nowMs: number): State {
  return {
    settings,
    connected: false,
    replayDue: false,
    epoch: 1,
    probeAtMs: nowMs,
    locals: new Map(),
    surveyAtMs: nowMs,
    info: { wanted: info, published: { acknowledged: null, epoch: IN_DOUBT, trouble: null } },
    heartbeat: { dueAtMs: nowMs, revision: null, failed: false, rivalries: 0 },
    pulledImages: new Map(),
    savedImages: "",
  };
}

/** The digest of the value that a deployment should follow, or null. */
export function digestOf(intent: Intent | null): string | null {
  return intent === null || intent.kind === "remove" ? null : intent.digest;
}
