/** The pods of deploy/kubernetes: what they run, what they may and may not, and how many there are. */
import { describe, expect, test } from "vitest";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import type { Deployment } from "kubernetes-types/apps/v1.d.ts";
import { SHUTDOWN_LIMIT_MS } from "#runtime/shutdown.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { KubernetesObject } from "./kubectl.ts";
import { VARIANTS } from "./variants.ts";
import { ofKind, workloads } from "./workloads.ts";

describe.each(VARIANTS)("$name", ({ objects }) => {
  test("every image has a version, and gitfleet's is the one of package.json", () => {
    for (const { container } of workloads(objects)) {
      expect(container.image).toMatch(/^[\w.-]+\/[\w./-]+:\d+\.\d+\.\d+$/);
    }
    const own = workloads(objects).filter(({ name }) => ["reconciler", "status-bot"].includes(name));
    expect(own.map(({ container }) => container.image?.split(":")[1])).toEqual([
      packageJson.version,
      packageJson.version,
    ]);
  });

  test("every container says what it needs and what it may use at most", () => {
    for (const { container } of workloads(objects)) {
      expect(Object.keys(container.resources?.requests ?? {}).toSorted()).toEqual(["cpu", "memory"]);
      expect(Object.keys(container.resources?.limits ?? {}).toSorted()).toEqual(["cpu", "memory"]);
    }
  });

  test("no pod has a privilege, and the root file system cannot be written", () => {
    for (const { pod, container } of workloads(objects)) {
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
    const accounts = ofKind<KubernetesObject & { automountServiceAccountToken?: boolean }>(objects, "ServiceAccount");
    expect(accounts.filter(({ automountServiceAccountToken }) => automountServiceAccountToken !== false)).toEqual([]);
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith("rbac."))).toEqual([]);
    for (const { pod } of workloads(objects)) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(accounts.map(({ metadata }) => metadata.name)).toContain(pod.serviceAccountName);
    }
  });

  test("a pod has more time to stop than its program takes at most", () => {
    for (const { pod } of workloads(objects)) {
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(SHUTDOWN_LIMIT_MS / 1_000);
    }
  });

  test("two reconcilers on two nodes, one of which always stays; one status bot, the old one ended first", () => {
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
