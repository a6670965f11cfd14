/** deploy/kubernetes without a cluster: what kustomize makes of it, held against the schema and against our own rules. */
import { join, relative } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Deployment } from "kubernetes-types/apps/v1.d.ts";
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import { SHUTDOWN_LIMIT_MS } from "#runtime/shutdown.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import packageJson from "../../package.json" with { type: "json" };
import { kustomize, type KubernetesObject } from "./kubectl.ts";
import { madeSecrets } from "./made-secrets.ts";
import { matches, ofKind, policies, services, workloads } from "./workloads.ts";
import { mountProblems } from "./mounts.ts";
import { schemaProblems } from "./schema-check.ts";

const kubernetes = join(repositoryRoot, "deploy", "kubernetes");
const VARIANTS = ["trial", "production", "production with the pod monitor"] as const;
const GITFLEET = ["reconciler", "status-bot"];

let scratch: Scratch;
let made: Map<string, KubernetesObject[]>;
const objectsOf = (variant: string): KubernetesObject[] => made.get(variant) ?? [];

beforeAll(async () => {
  scratch = scratchFolder("kubernetes");
  const withMonitor = join(scratch.path, "monitored");
  mkdirSync(withMonitor);
  writeFileSync(
    join(withMonitor, "kustomization.yaml"),
    [
      `namespace: gitfleet`,
      `resources: [${relative(withMonitor, join(kubernetes, "overlays/production"))}]`,
      `components: [${relative(withMonitor, join(kubernetes, "components/pod-monitor"))}]`,
    ].join("\n"),
  );
  made = new Map([
    ["trial", await kustomize(join(kubernetes, "overlays/trial"))],
    ["production", await kustomize(join(kubernetes, "overlays/production"))],
    ["production with the pod monitor", await kustomize(withMonitor)],
  ]);
});

afterAll(() => {
  scratch.remove();
});

describe.each(VARIANTS)("%s", (variant) => {
  test("fits the OpenAPI schema of Kubernetes 1.30, object by object", async () => {
    expect(objectsOf(variant).length).toBeGreaterThan(10);
    expect(await schemaProblems(objectsOf(variant))).toEqual([]);
  });

  test("stands in one namespace, which admits restricted pods only", () => {
    const objects = objectsOf(variant);
    const [namespace, ...others] = ofKind<KubernetesObject>(objects, "Namespace");
    expect(others).toEqual([]);
    expect(namespace?.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    const outside = objects.filter(({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== "gitfleet");
    expect(outside).toEqual([]);
  });

  test("every image has a version, and gitfleet's is the one of package.json", () => {
    for (const { container } of workloads(objectsOf(variant))) {
      expect(container.image).toMatch(/^[\w.-]+\/[\w./-]+:\d+\.\d+\.\d+$/);
    }
    const own = workloads(objectsOf(variant)).filter(({ name }) => GITFLEET.includes(name));
    expect(own.map(({ container }) => container.image?.split(":")[1])).toEqual([
      packageJson.version,
      packageJson.version,
    ]);
  });

  test("every container says what it needs and what it may use at most", () => {
    for (const { container } of workloads(objectsOf(variant))) {
      expect(Object.keys(container.resources?.requests ?? {}).toSorted()).toEqual(["cpu", "memory"]);
      expect(Object.keys(container.resources?.limits ?? {}).toSorted()).toEqual(["cpu", "memory"]);
    }
  });

  test("no pod has a privilege, and the root file system cannot be written", () => {
    for (const { pod, container } of workloads(objectsOf(variant))) {
      const { hostNetwork, hostPID, hostIPC, hostUsers } = pod;
      expect([hostNetwork, hostPID, hostIPC, hostUsers]).toEqual([undefined, undefined, undefined, undefined]);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      expect(pod.securityContext?.runAsUser).toBeGreaterThan(0);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect((container.ports ?? []).filter(({ hostPort }) => hostPort !== undefined)).toEqual([]);
      const kinds = (pod.volumes ?? []).flatMap((volume) => Object.keys(volume).filter((field) => field !== "name"));
      expect(["secret", "configMap"]).toEqual(expect.arrayContaining(kinds));
    }
  });

  test("no pod has a token for the Kubernetes API, and nothing gives it a right there", () => {
    const objects = objectsOf(variant);
    const accounts = ofKind<KubernetesObject & { automountServiceAccountToken?: boolean }>(objects, "ServiceAccount");
    expect(accounts.filter(({ automountServiceAccountToken }) => automountServiceAccountToken !== false)).toEqual([]);
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith("rbac."))).toEqual([]);
    for (const { pod } of workloads(objects)) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(accounts.map(({ metadata }) => metadata.name)).toContain(pod.serviceAccountName);
    }
  });

  test("every selector finds pods, and each Deployment finds its own alone", () => {
    const objects = objectsOf(variant);
    const found = ({ ...selector }: LabelSelector): string[] =>
      workloads(objects)
        .filter(({ labels }) => matches(selector, labels))
        .map(({ name }) => name);
    for (const { name, selector } of workloads(objects)) expect(found(selector)).toEqual([name]);
    for (const { name, pod } of workloads(objects)) {
      for (const spread of pod.topologySpreadConstraints ?? []) {
        expect(found(spread.labelSelector ?? {})).toEqual([name]);
      }
    }
    for (const { metadata, spec } of services(objects)) {
      expect(found({ matchLabels: spec?.selector ?? {} })).toEqual([metadata?.name]);
    }
    for (const { spec } of ofKind<PodDisruptionBudget>(objects, "PodDisruptionBudget")) {
      expect(found(spec?.selector ?? {})).toEqual(["reconciler"]);
    }
    for (const { spec } of policies(objects)) expect(found(spec?.podSelector ?? {})).not.toEqual([]);
    for (const { spec } of ofKind<{ spec: { selector: LabelSelector } }>(objects, "PodMonitor")) {
      expect(found(spec.selector)).toEqual(GITFLEET);
    }
  });

  test("every Service and policy names a port that its pods open", () => {
    const objects = objectsOf(variant);
    const portsOf = (selector: LabelSelector): unknown[] =>
      workloads(objects)
        .filter(({ labels }) => matches(selector, labels))
        .map(({ container }) => (container.ports ?? []).map(({ name }) => name));
    for (const { spec } of services(objects)) {
      for (const { targetPort } of spec?.ports ?? []) {
        expect(portsOf({ matchLabels: spec?.selector ?? {} })).toEqual([expect.arrayContaining([targetPort])]);
      }
    }
    for (const { spec } of policies(objects)) {
      const ports = (spec?.ingress ?? []).flatMap((flow) => (flow.ports ?? []).map(({ port }) => port));
      // A policy that lets nothing in selects pods whose ports are their own business.
      const open = ports.length === 0 ? [] : portsOf(spec?.podSelector ?? {});
      expect(open).toEqual(open.map(() => expect.arrayContaining(ports) as unknown));
    }
    for (const { spec } of ofKind<{ spec: { podMetricsEndpoints: { port: string }[] } }>(objects, "PodMonitor")) {
      expect(spec.podMetricsEndpoints.map(({ port }) => port)).toEqual(["http"]);
    }
  });

  test("every mounted Secret and ConfigMap is there with its keys", async () => {
    const objects = objectsOf(variant);
    const secrets = await madeSecrets();
    for (const workload of workloads(objects)) expect(mountProblems(workload, objects, secrets)).toEqual([]);
  });

  test("a pod has more time to stop than its program takes at most", () => {
    for (const { pod } of workloads(objectsOf(variant))) {
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(SHUTDOWN_LIMIT_MS / 1_000);
    }
  });

  test("two reconcilers on two nodes, one of which always stays; one status bot, the old one ended first", () => {
    const objects = objectsOf(variant);
    const deployment = (name: string): Deployment =>
      ofKind<Deployment & KubernetesObject>(objects, "Deployment").find(({ metadata }) => metadata.name === name) ?? {};
    const reconciler = deployment("reconciler").spec;
    expect(reconciler?.replicas).toBe(2);
    expect(reconciler?.strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(reconciler?.template.spec?.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual([
      "kubernetes.io/hostname",
      "topology.kubernetes.io/zone",
    ]);
    const [budget] = ofKind<PodDisruptionBudget>(objects, "PodDisruptionBudget");
    expect(budget?.spec?.minAvailable).toBe(1);
    expect(deployment("status-bot").spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
  });
});
