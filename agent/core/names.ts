/** What things are called in podman: names that people can type, labels that say what is ours. */
import { createHash } from "node:crypto";
import { isRfc1123Label, type DeploymentName, type DeviceId } from "#schema/names.ts";

/** Labels on everything the agent creates. Only what carries our device's label is ever touched. */
export const LABEL_DEVICE = "gitfleet.dev/device";
export const LABEL_DEPLOYMENT = "gitfleet.dev/deployment";
export const LABEL_SERVICE = "gitfleet.dev/service";
/** The hash of the service as it was when the container was created: everything in it is immutable. */
export const LABEL_SPEC = "gitfleet.dev/spec-hash";

/** A candidate bears this after its name until it has shown that it works. */
const CANDIDATE_SUFFIX = ".next";
// Interface names have at most 15 bytes.
const BRIDGE_HASH_HEX = 10;
const NAME_HASH_HEX = 8;
const NAME_KEPT_MAX = 63;

/** Everything of one deployment begins with this: the name itself where podman accepts it. */
export function podmanPrefix(deployment: DeploymentName): string {
  if (isRfc1123Label(deployment)) return deployment;
  // Older writers used more letters than podman knows; the hash keeps two such names apart.
  const kept = deployment
    .replaceAll(/[^A-Za-z0-9-]/g, "-")
    .replace(/^-+/, "")
    .slice(0, NAME_KEPT_MAX);
  return `${kept === "" ? "d" : kept}.${shortHash(deployment, NAME_HASH_HEX)}`;
}

/** `web_frontend`: the container that serves. */
export function mainName(deployment: DeploymentName, service: string): string {
  return `${podmanPrefix(deployment)}_${service}`;
}

/** `web_frontend.next`: the container that is to serve. */
export function candidateName(deployment: DeploymentName, service: string): string {
  return `${mainName(deployment, service)}${CANDIDATE_SUFFIX}`;
}

/** `web_data`: the volume `data` of the deployment `web`. */
export function volumeName(deployment: DeploymentName, volume: string): string {
  return `${podmanPrefix(deployment)}_${volume}`;
}

/** `web_private`: where the services of one deployment meet. */
export function networkName(deployment: DeploymentName): string {
  return `${podmanPrefix(deployment)}_private`;
}

/** The network's bridge. Podman would choose the same one for two devices that share a host's network. */
export function bridgeName(device: DeviceId, deployment: DeploymentName): string {
  return `gf-${shortHash(`${device}.${deployment}`, BRIDGE_HASH_HEX)}`;
}

function shortHash(text: string, hexDigits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, hexDigits);
}
