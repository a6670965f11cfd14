/** The private network of a deployment: its services reach each other by name, nobody else does. */
import type { DeploymentName } from "#schema/names.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE, bridgeName, networkName } from "../core/names.ts";
import { SLOW_CALL_LIMIT_MS, ask, limited, type Podman } from "./client.ts";
import { isMissing } from "./problem.ts";

/** Creates the network where it is missing. */
export async function ensureNetwork(podman: Podman, deployment: DeploymentName, signal: AbortSignal): Promise<void> {
  if ((await inspectNetwork(podman, deployment, signal)) !== null) return;
  await podman.docker.createNetwork({
    Name: networkName(deployment),
    Driver: "bridge",
    Labels: { [LABEL_DEVICE]: podman.device, [LABEL_DEPLOYMENT]: deployment },
    Options: { "com.docker.network.bridge.name": bridgeName(podman.device, deployment) },
    abortSignal: limited(signal, SLOW_CALL_LIMIT_MS),
  });
}

/** Removes the network; done where it is not there. One that is somebody else's is left alone. */
export async function removeNetwork(podman: Podman, deployment: DeploymentName, signal: AbortSignal): Promise<void> {
  const network = await inspectNetwork(podman, deployment, signal);
  if (network === null || network.Labels?.[LABEL_DEVICE] !== podman.device) return;
  try {
    await ask(podman, { method: "DELETE", path: networkPath(deployment), signal, limitMs: SLOW_CALL_LIMIT_MS });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** What podman says of the network that has our deployment's name, or null. */
export async function inspectNetwork(
  podman: Podman,
  deployment: DeploymentName,
  signal: AbortSignal,
): Promise<{ Labels?: Record<string, string> | null } | null> {
  try {
    return (await ask(podman, { method: "GET", path: networkPath(deployment), signal })) as Record<string, never>;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function networkPath(deployment: DeploymentName): string {
  return `/networks/${encodeURIComponent(networkName(deployment))}`;
}
