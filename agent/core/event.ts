/** What can happen to an agent: a closed set. */
import type { DeploymentName } from "#schema/names.ts";
import type { Seen } from "./container.ts";
import type { DeploymentEffect } from "./effect.ts";
import type { Intent } from "./intent.ts";

/** Why a step did not work. `unreachable`: podman did not answer, which says nothing about the step. */
export interface Problem {
  readonly kind: "unreachable" | "failed" | "image-missing";
  /** One line, with what to do. */
  readonly error: string;
}

export type Event =
  /** The bucket (or its copy on disk) says what is wanted. */
  | { readonly kind: "intent"; readonly deployment: DeploymentName; readonly intent: Intent }
  | { readonly kind: "link"; readonly connected: boolean }
  /** All of the desired state was delivered again: buckets may have been rebuilt. */
  | { readonly kind: "resynced" }
  /** A bucket was made anew: what it held of ours is gone. */
  | { readonly kind: "rebuilt" }
  /** Something happened in podman to one deployment, or (null) maybe to all. */
  | { readonly kind: "stirred"; readonly deployment: DeploymentName | null }
  /** The deployments that have containers of ours. */
  | { readonly kind: "surveyed"; readonly deployments: readonly DeploymentName[] }
  | { readonly kind: "survey-failed"; readonly error: string }
  /** Labels or inventory of the device, as text: equal text, nothing to write. */
  | { readonly kind: "info"; readonly identity: string }
  /** A step has ended; `seen` is a fresh look after it, where there was one. */
  | { readonly kind: "done"; readonly effect: DeploymentEffect; readonly seen: Seen | null }
  | {
      readonly kind: "failed";
      readonly effect: DeploymentEffect;
      readonly problem: Problem;
      readonly seen: Seen | null;
    }
  | { readonly kind: "pulling"; readonly deployment: DeploymentName; readonly image: string }
  | {
      readonly kind: "pulled";
      readonly deployment: DeploymentName;
      readonly digest: string;
      readonly image: string;
      readonly imageId: string;
      /** False where the image was on the device before: then it is not the agent's to remove. */
      readonly isNew: boolean;
    }
  | {
      readonly kind: "pull-failed";
      readonly deployment: DeploymentName;
      readonly digest: string;
      readonly image: string;
      readonly problem: Problem;
    }
  | {
      readonly kind: "health";
      readonly deployment: DeploymentName;
      readonly container: string;
      readonly startedAt: string;
      readonly healthy: boolean;
      readonly output: string;
    }
  | { readonly kind: "saved"; readonly deployment: DeploymentName; readonly record: string | null }
  | { readonly kind: "save-failed"; readonly deployment: DeploymentName; readonly error: string }
  | { readonly kind: "images-saved"; readonly text: string }
  | { readonly kind: "image-removed"; readonly image: string }
  | { readonly kind: "image-kept"; readonly image: string; readonly error: string }
  /** What a bucket now holds of ours; `lacked` where it had lost it. Deployment null is device-info. */
  | {
      readonly kind: "published";
      readonly deployment: DeploymentName | null;
      readonly identity: string;
      readonly epoch: number;
      readonly lacked: boolean;
    }
  /** An offer was refused, and this device may not look at what stands there. */
  | { readonly kind: "unseen"; readonly deployment: DeploymentName | null; readonly epoch: number }
  /** Whether it got there all the same is not known. */
  | { readonly kind: "publish-failed"; readonly deployment: DeploymentName | null; readonly error: string }
  | { readonly kind: "heartbeat"; readonly revision: number; readonly rival: boolean }
  | { readonly kind: "heartbeat-failed"; readonly error: string };
