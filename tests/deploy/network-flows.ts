/** What the network policies let through, as a list that people can read. */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "kubernetes-types/networking/v1.d.ts";
import type { KubernetesObject } from "./kubectl.ts";
import { matches, policies, workloads } from "./workloads.ts";

/** One thing that may flow. */
export interface Flow {
  readonly policy: string;
  readonly direction: "in" | "out";
  readonly pods: readonly string[];
  /** Whom it comes from or goes to. */
  readonly peers: string;
  readonly ports: readonly string[];
}

/** Every flow; throws where a policy allows more than a port of a peer, or where nothing refuses the rest. */
export function flowsOf(objects: readonly KubernetesObject[]): Flow[] {
  const all = policies(objects);
  if (!all.some(refusesEverything)) throw new Error("no policy refuses what the others do not name");
  return all.flatMap((policy) => [
    ...(policy.spec?.ingress ?? []).map(({ from, ports }) => flow(policy, "in", from, ports, objects)),
    ...(policy.spec?.egress ?? []).map(({ to, ports }) => flow(policy, "out", to, ports, objects)),
  ]);
}

function refusesEverything({ spec }: NetworkPolicy): boolean {
  const refused = spec?.ingress === undefined && spec?.egress === undefined ? spec?.policyTypes : [];
  return JSON.stringify(spec?.podSelector) === "{}" && refused?.join() === "Ingress,Egress";
}

function flow(
  { metadata, spec }: NetworkPolicy,
  direction: Flow["direction"],
  peers: readonly NetworkPolicyPeer[] = [],
  ports: readonly NetworkPolicyPort[] = [],
  objects: readonly KubernetesObject[],
): Flow {
  if (ports.length === 0) throw new Error(`${metadata?.name} opens every port`);
  return {
    policy: metadata?.name ?? "",
    direction,
    pods: podsOf(spec?.podSelector ?? {}, objects),
    peers: peers.length === 0 ? "anywhere" : peers.map((peer) => peerText(peer, objects)).join(", "),
    ports: ports.map(({ port, protocol }) => `${port}/${protocol}`),
  };
}

function peerText({ namespaceSelector, podSelector }: NetworkPolicyPeer, objects: readonly KubernetesObject[]): string {
  const namespace = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"];
  return namespace === undefined ? podsOf(podSelector ?? {}, objects).join(" and ") : `namespace ${namespace}`;
}

function podsOf(selector: Parameters<typeof matches>[0], objects: readonly KubernetesObject[]): string[] {
  return workloads(objects)
    .filter(({ labels }) => matches(selector, labels))
    .map(({ name }) => name);
}
