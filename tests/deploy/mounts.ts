/** What is mounted into a container, and whether it will be there. */
import type { Volume } from "kubernetes-types/core/v1.d.ts";
import type { KubernetesObject } from "./kubectl.ts";
import { configMaps, environmentOf, type Workload } from "./workloads.ts";

/** What keeps a pod from starting or from finding a file, a line each. `secrets`: the keys of each that people make. */
export function mountProblems(
  workload: Workload,
  objects: readonly KubernetesObject[],
  secrets: ReadonlyMap<string, readonly string[]>,
): string[] {
  const { pod, container, claims } = workload;
  const volumes = pod.volumes ?? [];
  const given = [...volumes.map(({ name }) => name), ...claims];
  const used = (container.volumeMounts ?? []).map(({ name }) => name);
  const files = new Set(
    (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
      const volume = volumes.find((one) => one.name === name);
      return volume === undefined ? [] : filesIn(volume, objects).map((file) => `${mountPath}/${file}`);
    }),
  );
  const texts = [...Object.values(environmentOf(container, objects)), ...(container.args ?? [])];
  return [
    ...used.filter((name) => !given.includes(name)).map((name) => `nothing gives the volume ${name}`),
    ...given.filter((name) => !used.includes(name)).map((name) => `nothing uses the volume ${name}`),
    ...volumes.flatMap((volume) => sourceProblems(volume, objects, secrets)),
    ...texts.filter((text) => text.startsWith("/") && !files.has(text)).map((path) => `${path} is not mounted`),
  ];
}

function sourceProblems(
  { name, secret, configMap }: Volume,
  objects: readonly KubernetesObject[],
  secrets: ReadonlyMap<string, readonly string[]>,
): string[] {
  if (secret !== undefined) {
    const keys = secrets.get(secret.secretName ?? "");
    if (keys === undefined) return [`nobody is told to make the Secret ${secret.secretName}`];
    // Without items the files would be whatever keys there are; what is optional may be missing when it is needed.
    if (secret.items === undefined || secret.optional === true) return [`${name}: name the keys, and insist on them`];
    return secret.items
      .filter(({ key }) => !keys.includes(key))
      .map(({ key }) => `the Secret ${secret.secretName} is made without ${key}`);
  }
  const isThere = configMaps(objects).some(({ metadata }) => metadata?.name === configMap?.name);
  return isThere ? [] : [`there is no ConfigMap for the volume ${name}`];
}

function filesIn({ secret, configMap }: Volume, objects: readonly KubernetesObject[]): string[] {
  if (secret !== undefined) return (secret.items ?? []).map(({ path }) => path);
  const map = configMaps(objects).find(({ metadata }) => metadata?.name === configMap?.name);
  return Object.keys(map?.data ?? {});
}
