/** What an agent can do, as data: printed in logs and tests, executed by one table. */
import type { DeploymentName } from "#schema/names.ts";
import type { ServiceSpec } from "./intent.ts";
import type { Report } from "./state.ts";

/** A container to act upon. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly stopGraceSeconds: number;
}

/** Steps on one deployment: one at a time, so that what was looked at is true when the next one is chosen. */
export type DeploymentEffect =
  | {
      readonly kind: "look";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly asked: number;
      readonly needs: readonly string[];
    }
  /** Network, volumes, container, files. */
  | {
      readonly kind: "create";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly spec: ServiceSpec;
      readonly name: string;
    }
  /** Are the host ports of the candidates free, but for what `old` holds? */
  | {
      readonly kind: "preflight";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly digest: string;
      readonly ports: readonly string[];
      readonly old: readonly Target[];
    }
  | {
      readonly kind: "stop";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly targets: readonly Target[];
      readonly why: string;
    }
  | {
      readonly kind: "start";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly target: Target;
      readonly candidate: boolean;
    }
  /** Stops with grace, then removes. */
  | {
      readonly kind: "remove";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly targets: readonly Target[];
      readonly why: string;
    }
  /** The candidate takes the name. */
  | {
      readonly kind: "rename";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly target: Target;
      readonly name: string;
    }
  | { readonly kind: "remove-network"; readonly key: string; readonly deployment: DeploymentName };

export type Effect =
  | DeploymentEffect
  | { readonly kind: "survey"; readonly key: string }
  | {
      readonly kind: "pull";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly digest: string;
      readonly image: string;
      /** `missing`: what is on the device is good enough, because this version was already accepted. */
      readonly policy: "always" | "missing";
    }
  | { readonly kind: "abort-pull"; readonly key: string; readonly deployment: DeploymentName; readonly image: string }
  | {
      readonly kind: "check-health";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly target: Target;
      readonly startedAt: string;
      readonly timeoutMs: number;
    }
  | { readonly kind: "save"; readonly key: string; readonly deployment: DeploymentName; readonly record: string | null }
  | { readonly kind: "save-images"; readonly key: string; readonly text: string }
  | { readonly kind: "remove-image"; readonly key: string; readonly image: string; readonly reference: string }
  /** `offer` writes only where the bucket does not say the same already. */
  | {
      readonly kind: "publish-state";
      readonly key: string;
      readonly deployment: DeploymentName;
      readonly report: Report;
      readonly mode: "put" | "offer";
      readonly epoch: number;
    }
  | { readonly kind: "delete-state"; readonly key: string; readonly deployment: DeploymentName; readonly epoch: number }
  | {
      readonly kind: "publish-info";
      readonly key: string;
      readonly mode: "put" | "offer";
      readonly identity: string;
      /** Another agent uses this device id. */
      readonly rival: boolean;
      readonly epoch: number;
    }
  | { readonly kind: "heartbeat"; readonly key: string; readonly revision: number | null };

/** One line for logs and tests: what the step does, in the words of podman. */
export function effectText(effect: Effect): string {
  switch (effect.kind) {
    case "look":
      return `look at ${effect.deployment}`;
    case "create":
      return `create ${effect.name} from ${effect.spec.service.image}`;
    case "preflight":
      return `check that ${effect.ports.join(", ") || "no port"} is free for ${effect.deployment}`;
    case "stop":
      return `stop ${names(effect.targets)} (${effect.why})`;
    case "start":
      return `start ${effect.target.name}`;
    case "remove":
      return `remove ${names(effect.targets)} (${effect.why})`;
    case "rename":
      return `rename ${effect.target.name} to ${effect.name}`;
    case "remove-network":
      return `remove the network of ${effect.deployment}`;
    case "survey":
      return "look for containers of ours";
    case "pull":
      return `pull ${effect.image} (${effect.policy})`;
    case "abort-pull":
      return `stop pulling ${effect.image}`;
    case "check-health":
      return `check the health of ${effect.target.name}`;
    case "save":
      return effect.record === null
        ? `forget the record of ${effect.deployment}`
        : `save the record of ${effect.deployment}`;
    case "save-images":
      return "save the list of pulled images";
    case "remove-image":
      return `remove the image ${effect.reference}`;
    case "publish-state":
      return `${effect.mode} state of ${effect.deployment}: ${effect.report.phase}`;
    case "delete-state":
      return `delete state of ${effect.deployment}`;
    case "publish-info":
      return `${effect.mode} device-info`;
    case "heartbeat":
      return "heartbeat";
  }
}

function names(targets: readonly Target[]): string {
  return targets.map(({ name }) => name).join(", ");
}
