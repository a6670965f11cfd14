/** Named volumes belong to their deployment and outlive it: the agent makes them and never deletes one. */
import type { DeploymentName } from "#schema/names.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE, volumeName } from "../core/names.ts";
import { CALL_LIMIT_MS, limited, type Podman } from "./client.ts";
import { AdvisedError, isMissing } from "./problem.ts";

/** Creates the volume where it is missing. A volume of the same name that is somebody else's is an error. */
export async function ensureVolume(
  podman: Podman,
  { deployment, volume, signal }: { deployment: DeploymentName; volume: string; signal: AbortSignal },
): Promise<void> {
  const name = volumeName(deployment, volume);
  const labels = await labelsOf(podman, name, signal);
  if (labels === null) {
    const Labels = { [LABEL_DEVICE]: podman.device, [LABEL_DEPLOYMENT]: deployment };
    await podman.docker.createVolume({ Name: name, Labels, abortSignal: limited(signal, CALL_LIMIT_MS) });
    // A device that got a new id keeps its data: only the deployment must be the same.
  } else if (labels[LABEL_DEPLOYMENT] !== deployment) {
    throw new AdvisedError(
      `a volume named ${name} exists that this agent did not create, it is left alone; remove it (podman volume rm ${name}) or give the volume of ${deployment} another name`,
    );
  }
}

async function labelsOf({ docker }: Podman, name: string, signal: AbortSignal): Promise<Record<string, string> | null> {
  try {
    const { Labels } = await docker.getVolume(name).inspect({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    return Labels ?? {};
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
