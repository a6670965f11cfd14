/** The steps on one deployment, as calls of the podman adapter. */
import type { DeploymentEffect } from "./core/effect.ts";
import type { Podman } from "./podman/client.ts";
import { remove, rename, start, stop } from "./podman/container.ts";
import { create } from "./podman/create.ts";
import { removeNetwork } from "./podman/network.ts";
import { preflight } from "./podman/preflight.ts";

/** Does one step. Rejects with podman's error, or with an AdvisedError. */
export async function performOnPodman(podman: Podman, effect: DeploymentEffect, signal: AbortSignal): Promise<void> {
  switch (effect.kind) {
    case "look":
      return;
    case "create":
      return await create(podman, { ...effect, signal });
    case "preflight":
      return await preflight(podman, { ...effect, signal });
    case "stop":
      return await stop(podman, effect.targets, signal);
    case "start":
      return await start(podman, { ...effect, signal });
    case "remove":
      return await remove(podman, effect.targets, signal);
    case "rename":
      return await rename(podman, { id: effect.target.id, name: effect.name, signal });
    case "remove-network":
      return await removeNetwork(podman, effect.deployment, signal);
  }
}
