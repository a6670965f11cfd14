/** One look at podman: what there is of a deployment, and who else has names that it needs. */
import type Docker from "dockerode";
import { parseWireDeploymentName, type DeploymentName } from "#schema/names.ts";
import { isDown, isUp, type HealthSettings, type Seen, type SeenContainer } from "../core/container.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE, LABEL_SERVICE, LABEL_SPEC, candidateName, mainName } from "../core/names.ts";
import { CALL_LIMIT_MS, limited, type Podman } from "./client.ts";
import { missingPorts } from "./listening.ts";
import { lastLogLine } from "./log.ts";
import { inspectNetwork } from "./network.ts";
import { isMissing } from "./problem.ts";

const NS_PER_MS = 1e6;
// What Docker takes where an image says nothing.
const HEALTH_DEFAULTS = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };
const STOP_GRACE_DEFAULT_SECONDS = 10;

/** The deployments that have containers of ours. */
export async function survey(podman: Podman, signal: AbortSignal): Promise<DeploymentName[]> {
  const containers = await list(podman, signal);
  const names = containers
    .filter((one) => isOurs(podman, one))
    .map(({ Labels }) => parseWireDeploymentName(Labels[LABEL_DEPLOYMENT] ?? ""));
  return [...new Set(names.filter((name) => name !== null))];
}

/** What there is of one deployment. `needs` are the container names it may take. */
export async function look(
  podman: Podman,
  { deployment, needs, signal }: { deployment: DeploymentName; needs: readonly string[]; signal: AbortSignal },
): Promise<Seen> {
  const containers = await list(podman, signal);
  const isMine = (one: Docker.ContainerInfo): boolean =>
    isOurs(podman, one) && one.Labels[LABEL_DEPLOYMENT] === deployment;
  const mine = containers.filter(isMine);
  const theirs = new Set(containers.filter((one) => !isMine(one)).flatMap(({ Names }) => Names.map(bareName)));
  const [seen, network] = await Promise.all([
    Promise.all(mine.map(({ Id }) => lookAt(podman, { id: Id, deployment, signal }))),
    networkOf(podman, deployment, signal),
  ]);
  return {
    containers: seen.filter((one) => one !== null),
    foreignNames: needs.filter((name) => theirs.has(name)),
    network,
  };
}

/** Every container, of whomever. */
export async function list(podman: Podman, signal: AbortSignal): Promise<Docker.ContainerInfo[]> {
  return await podman.docker.listContainers({ all: true, abortSignal: limited(signal, CALL_LIMIT_MS) });
}

/** Ours carries the label of our device: only that is ever touched. */
export function isOurs(podman: Podman, { Labels }: { Labels?: Record<string, string> | null }): boolean {
  return Labels?.[LABEL_DEVICE] === podman.device;
}

/** podman puts a slash before names. */
export function bareName(name: string): string {
  return name.replace(/^\//, "");
}

async function lookAt(
  podman: Podman,
  { id, deployment, signal }: { id: string; deployment: DeploymentName; signal: AbortSignal },
): Promise<SeenContainer | null> {
  try {
    const inspected = await podman.docker.getContainer(id).inspect({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    const seen = seenFrom(inspected, deployment);
    const missing =
      isUp(seen) && seen.slot === "next" ? await missingPorts(id, inspected.State.Pid, tcpPorts(inspected)) : null;
    const lastLog = isDown(seen) || seen.restartCount > 0 ? await lastLogLine(podman, id, signal) : null;
    return { ...seen, lastLog, listening: missing === null ? null : { missing } };
  } catch (error) {
    // Removed since the list was made.
    if (isMissing(error)) return null;
    throw error;
  }
}

function seenFrom(inspected: Docker.ContainerInspectInfo, deployment: DeploymentName): SeenContainer {
  const { State: state, Config: config, HostConfig: host } = inspected;
  const name = bareName(inspected.Name);
  const service = config.Labels[LABEL_SERVICE] ?? "";
  return {
    id: inspected.Id,
    name,
    service,
    hash: config.Labels[LABEL_SPEC] ?? "",
    imageId: inspected.Image,
    slot:
      name === mainName(deployment, service) ? "main" : name === candidateName(deployment, service) ? "next" : "stray",
    status: state.Status,
    startedAt: state.StartedAt,
    finishedAt: state.FinishedAt,
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled && state.ExitCode === 137,
    restartCount: inspected.RestartCount,
    restartPolicy: host.RestartPolicy?.Name ?? "",
    stopGraceSeconds: (config as { StopTimeout?: number }).StopTimeout ?? STOP_GRACE_DEFAULT_SECONDS,
    health: healthSettings(config.Healthcheck),
    listening: null,
    lastLog: null,
  };
}

function healthSettings(check: Docker.HealthConfig | undefined): HealthSettings | null {
  const test = check?.Test ?? [];
  if (check === undefined || test.length === 0 || test[0] === "NONE") return null;
  return {
    intervalMs: (check.Interval ?? 0) / NS_PER_MS || HEALTH_DEFAULTS.intervalMs,
    timeoutMs: (check.Timeout ?? 0) / NS_PER_MS || HEALTH_DEFAULTS.timeoutMs,
    retries: (check.Retries ?? 0) ? check.Retries! : HEALTH_DEFAULTS.retries,
    startPeriodMs: (check.StartPeriod ?? 0) / NS_PER_MS,
  };
}

function tcpPorts({ HostConfig }: Docker.ContainerInspectInfo): number[] {
  const bindings = Object.keys((HostConfig.PortBindings ?? {}) as Record<string, unknown>);
  return bindings.filter((port) => port.endsWith("/tcp")).map((port) => Number.parseInt(port, 10));
}

async function networkOf(podman: Podman, deployment: DeploymentName, signal: AbortSignal): Promise<Seen["network"]> {
  const network = await inspectNetwork(podman, deployment, signal);
  if (network === null) return "none";
  return isOurs(podman, network) ? "ours" : "foreign";
}
