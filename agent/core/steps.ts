/** The steps of one deployment as effects. */
import type { SeenContainer } from "./container.ts";
import type { DeploymentEffect, Effect, Target } from "./effect.ts";
import type { ServiceSpec } from "./intent.ts";
import { neededNames } from "./stage.ts";
import type { Local } from "./state.ts";

/** The key that keeps the steps of one deployment in order. */
export function stepKey(local: Local): string {
  return `deployment ${local.name}`;
}

/** A look at the deployment. */
export function look(local: Local): DeploymentEffect {
  return {
    kind: "look",
    key: stepKey(local),
    deployment: local.name,
    asked: local.looksAsked,
    needs: neededNames(local),
  };
}

/** Starts a container. */
export function start(local: Local, container: SeenContainer): DeploymentEffect {
  return {
    kind: "start",
    key: stepKey(local),
    deployment: local.name,
    target: targetOf(container),
    candidate: container.slot === "next",
  };
}

/** Stops containers, with grace. */
export function stop(local: Local, containers: readonly SeenContainer[], why: string): DeploymentEffect {
  return { kind: "stop", key: stepKey(local), deployment: local.name, targets: containers.map(targetOf), why };
}

/** Removes containers, with grace; nothing for none. */
export function removeAll(local: Local, containers: readonly SeenContainer[], why: string): DeploymentEffect[] {
  if (containers.length === 0) return [];
  return [{ kind: "remove", key: stepKey(local), deployment: local.name, targets: containers.map(targetOf), why }];
}

/** The container as effects name it. */
export function targetOf({ id, name, stopGraceSeconds }: SeenContainer): Target {
  return { id, name, stopGraceSeconds };
}

/** Pulls the image of a service. */
export function pull(local: Local, { service }: ServiceSpec): Effect {
  const digest = runDigest(local);
  return {
    kind: "pull",
    key: pullKey(local, service.image),
    deployment: local.name,
    digest,
    image: service.image,
    policy: local.accepted === digest ? "missing" : "always",
  };
}

/** The key of one pull. */
export function pullKey(local: Local, image: string): string {
  return `pull ${local.name} ${image}`;
}

/** The digest of the value that is to run; empty for none. */
export function runDigest(local: Local): string {
  return local.intent?.kind === "run" ? local.intent.digest : "";
}
