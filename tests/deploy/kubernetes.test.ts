/** The objects of deploy/kubernetes, as kustomize makes them: they fit the schema, and each other. */
import { describe, expect, test } from "vitest";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";
import type { KubernetesObject } from "./kubectl.ts";
import { madeSecrets } from "./made-secrets.ts";
import { mountProblems } from "./mounts.ts";
import { schemaProblems } from "./schema-check.ts";
import { VARIANTS } from "./variants.ts";
import { matches, ofKind, policies, services, workloads } from "./workloads.ts";

/** What the rules know of. */
const KINDS = `Namespace ServiceAccount ConfigMap Service Deployment StatefulSet PodDisruptionBudget NetworkPolicy
  PodMonitor`.split(/\s+/);

describe.each(VARIANTS)("$name", ({ objects }) => {
  test("fits the OpenAPI schema of Kubernetes 1.30, object by object", async () => {
    expect(objects.length).toBeGreaterThan(10);
    expect(await schemaProblems(objects)).toEqual([]);
    // What makes pods in another way would go by these rules unseen.
    expect(objects.map(({ kind }) => kind).filter((kind) => !KINDS.includes(kind))).toEqual([]);
  });

  test("stands in one namespace, which admits restricted pods only", () => {
    const [namespace, ...others] = ofKind<KubernetesObject>(objects, "Namespace");
    expect(others).toEqual([]);
    expect(namespace?.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
    const outside = objects.filter(({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== "gitfleet");
    expect(outside).toEqual([]);
  });

  test("every selector finds pods, and each Deployment finds its own alone", () => {
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
      expect(found(spec.selector)).toEqual(["reconciler", "status-bot"]);
    }
  });

  test("every Service and policy names a port that its pods open", () => {
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
    const secrets = await madeSecrets();
    for (const workload of workloads(objects)) expect(mountProblems(workload, objects, secrets)).toEqual([]);
  });
});
