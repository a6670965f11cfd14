/** What the rules of deploy/kubernetes look at: programs with their pods, and what is mounted into them. */
import type { Deployment, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { ConfigMap, Container, PodSpec, PodTemplateSpec, Service } from "kubernetes-types/core/v1.d.ts";
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";
import type { NetworkPolicy } from "kubernetes-types/networking/v1.d.ts";
import type { KubernetesObject } from "./kubectl.ts";

type Labels = Readonly<Record<string, string>>;

/** A Deployment or StatefulSet with its one container. */
export interface Workload {
  readonly name: string;
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly labels: Labels;
  readonly pod: PodSpec;
  readonly container: Container;
  /** The names that volumeClaimTemplates give. */
  readonly claims: readonly string[];
}

/** All objects of one kind. */
export function ofKind<T>(objects: readonly KubernetesObject[], kind: string): T[] {
  return objects.filter((object) => object.kind === kind) as T[];
}

export const configMaps = (objects: readonly KubernetesObject[]): ConfigMap[] => ofKind(objects, "ConfigMap");
export const services = (objects: readonly KubernetesObject[]): Service[] => ofKind(objects, "Service");
export const policies = (objects: readonly KubernetesObject[]): NetworkPolicy[] => ofKind(objects, "NetworkPolicy");

export function workloads(objects: readonly KubernetesObject[]): Workload[] {
  const deployments = ofKind<Deployment>(objects, "Deployment").map((one) => workload(one, one.spec?.template, []));
  const sets = ofKind<StatefulSet>(objects, "StatefulSet").map((one) => {
    const claims = (one.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
    return workload(one, one.spec?.template, claims);
  });
  return [...deployments, ...sets];
}

function workload(
  { metadata, spec }: Deployment | StatefulSet,
  template: PodTemplateSpec | undefined,
  claims: string[],
): Workload {
  const pod = template?.spec;
  const [container, ...more] = pod?.containers ?? [];
  const name = metadata?.name ?? "";
  // The rules look at the one container; a second one would go by unseen.
  if (pod === undefined || container === undefined || more.length > 0 || pod.initContainers !== undefined) {
    throw new Error(`${name} does not have exactly one container: teach the rules about the others`);
  }
  const labels = template?.metadata?.labels ?? {};
  return { name, replicas: spec?.replicas ?? 1, selector: spec?.selector ?? {}, labels, pod, container, claims };
}

/** Whether a label selector matches; an empty one matches everything. */
export function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  const byLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  const byExpressions = matchExpressions.every(({ key, operator, values = [] }) => {
    if (operator !== "In") throw new Error(`the rules do not know the operator ${operator}`);
    return values.includes(labels[key] ?? "");
  });
  return byLabels && byExpressions;
}

/** The environment that a container's programs see. */
export function environmentOf(container: Container, objects: readonly KubernetesObject[]): Record<string, string> {
  const maps = (container.envFrom ?? []).map(({ configMapRef }) => {
    const map = configMaps(objects).find(({ metadata }) => metadata?.name === configMapRef?.name);
    if (map === undefined) throw new Error(`there is no ConfigMap ${configMapRef?.name}`);
    return map.data ?? {};
  });
  const own = Object.fromEntries(
    (container.env ?? []).map(({ name, value }) => {
      // A secret has no place in the environment, where every process of the pod inherits it.
      if (value === undefined) throw new Error(`${name} is not given as a plain value`);
      return [name, value];
    }),
  );
  return Object.assign({}, ...maps, own) as Record<string, string>;
}
