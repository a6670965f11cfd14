/** A container from a service: the one place where the words of a score become podman's. */
import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import type { DeploymentName } from "#schema/names.ts";
import { parsePort } from "#schema/port.ts";
import type { EnvironmentVariable, HealthCheck, Service } from "#schema/score.ts";
import type { ServiceSpec } from "../core/intent.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE, LABEL_SERVICE, LABEL_SPEC, networkName, volumeName } from "../core/names.ts";
import { SLOW_CALL_LIMIT_MS, limited, type Podman } from "./client.ts";
import { rename } from "./container.ts";
import { ensureNetwork } from "./network.ts";
import { AdvisedError, fullText } from "./problem.ts";
import { tarOf } from "./tar.ts";
import { ensureVolume } from "./volume.ts";

const NS_PER_SECOND = 1e9;
const LOG_MAX_SIZE = "10m";
const SECRET_MAX_BYTES = 64 * 1_024;
const HEALTH_DEFAULTS = { interval_seconds: 10, timeout_seconds: 5, retries: 3, start_period_seconds: 0 };
const FILE_MODE_DEFAULT = "0644";
/**
 * What a container is called while its files are not in it yet: whoever is killed in between must not take it for the
 * wanted one afterwards. Under this name it is a stray, which is removed.
 */
const UNFINISHED_SUFFIX = ".unfinished";

/** What to create: `name` is the container's. */
export interface Creation {
  readonly deployment: DeploymentName;
  readonly spec: ServiceSpec;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Creates the container, its network and its volumes, and puts its files into it. Starts nothing. */
export async function create(podman: Podman, { deployment, spec, name, signal }: Creation): Promise<void> {
  const { service } = spec;
  const unfinished = isFilled(service) ? `${name}${UNFINISHED_SUFFIX}` : name;
  if (service.network !== "host") await ensureNetwork(podman, deployment, signal);
  for (const { source } of service.volumes ?? []) {
    if (!source.startsWith("/")) await ensureVolume(podman, { deployment, volume: source, signal });
  }
  const options = {
    ...(await containerOptions(podman, { deployment, spec, name: unfinished, signal })),
    abortSignal: limited(signal, SLOW_CALL_LIMIT_MS),
  };
  const container = await createContainer(podman, options);
  if (!isFilled(service)) return;
  await putFiles(container, service, signal);
  await rename(podman, { id: container.id, name, signal });
}

function isFilled({ files = [] }: Service): boolean {
  return files.length > 0;
}

// Init reaps zombies and passes signals on; a device without podman's init program can do without.
async function createContainer({ docker }: Podman, options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
  try {
    return await docker.createContainer({ ...options });
  } catch (error) {
    if (!/init binary|catatonit/i.test(fullText(error))) throw error;
    return await docker.createContainer({ ...options, HostConfig: { ...options.HostConfig, Init: false } });
  }
}

async function containerOptions(
  podman: Podman,
  { deployment, spec, name }: Creation,
): Promise<Docker.ContainerCreateOptions> {
  const { service } = spec;
  const host = service.network === "host";
  const network = networkName(deployment);
  return {
    name,
    Image: service.image,
    Labels: {
      [LABEL_DEVICE]: podman.device,
      [LABEL_DEPLOYMENT]: deployment,
      [LABEL_SERVICE]: service.name,
      [LABEL_SPEC]: spec.hash,
    },
    Env: await Promise.all((service.env ?? []).map(environmentLine)),
    ...(service.command === undefined ? {} : { Cmd: [...service.command] }),
    ...(service.user === undefined ? {} : { User: service.user }),
    ...(service.stop_grace_seconds === undefined ? {} : { StopTimeout: service.stop_grace_seconds }),
    ...(service.health === undefined ? {} : { Healthcheck: healthConfig(service.health) }),
    ...(host
      ? {}
      : {
          ExposedPorts: exposedPorts(service),
          NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [service.name] } } },
        }),
    HostConfig: {
      ...hostConfig(deployment, service),
      NetworkMode: host ? "host" : network,
      ...(host ? {} : { PortBindings: portBindings(service) }),
    },
  };
}

function hostConfig(deployment: DeploymentName, service: Service): Docker.HostConfig {
  const { resources } = service;
  return {
    Init: true,
    RestartPolicy: { Name: service.restart_policy ?? "unless-stopped" },
    LogConfig: { Type: "k8s-file", Config: { "max-size": LOG_MAX_SIZE } },
    Binds: (service.volumes ?? []).map(({ source, target, read_only }) => {
      const from = source.startsWith("/") ? source : volumeName(deployment, source);
      return `${from}:${target}${read_only === true ? ":ro" : ""}`;
    }),
    Privileged: service.privileged ?? false,
    Devices: (service.devices ?? []).map(deviceMapping),
    Tmpfs: Object.fromEntries((service.tmpfs ?? []).map((path) => [path, ""])),
    ...(resources?.memory_bytes === undefined ? {} : { Memory: resources.memory_bytes }),
    ...(resources?.cpus === undefined ? {} : { NanoCpus: Math.round(resources.cpus * NS_PER_SECOND) }),
  };
}

/** `/dev/x`, `/dev/x:/dev/y` or `/dev/x:/dev/y:rw`. */
function deviceMapping(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = text, container = host, permissions = "rwm"] = text.split(":");
  return { PathOnHost: host, PathInContainer: container, CgroupPermissions: permissions };
}

function exposedPorts(service: Service): Record<string, object> {
  return Object.fromEntries(Object.keys(portBindings(service)).map((port) => [port, {}]));
}

function portBindings({ ports }: Service): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const text of ports ?? []) {
    const port = parsePort(text);
    if (port === null) throw new AdvisedError(`"${text}" is not a port; write host:container, as in 8080:80`);
    (bindings[`${port.containerPort}/${port.protocol}`] ??= []).push({
      HostIp: port.address ?? "",
      HostPort: String(port.hostPort),
    });
  }
  return bindings;
}

function healthConfig(health: HealthCheck): Docker.HealthConfig {
  const seconds = { ...HEALTH_DEFAULTS, ...health };
  return {
    Test: ["CMD", ...health.command],
    Interval: seconds.interval_seconds * NS_PER_SECOND,
    Timeout: seconds.timeout_seconds * NS_PER_SECOND,
    Retries: seconds.retries,
    StartPeriod: seconds.start_period_seconds * NS_PER_SECOND,
  };
}

/** `NAME=value`. A value from a file is read now; it goes to podman and nowhere else. */
async function environmentLine({ name, value, file }: EnvironmentVariable): Promise<string> {
  if (file === undefined) return `${name}=${value ?? ""}`;
  const content = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new AdvisedError(
      `cannot read ${file} for the environment variable ${name} (${cause.code ?? "error"}); create it on this device, readable for the agent`,
      { cause },
    );
  });
  if (content.length > SECRET_MAX_BYTES) {
    throw new AdvisedError(
      `${file} for the environment variable ${name} is over ${SECRET_MAX_BYTES} bytes; mount it as a volume instead`,
    );
  }
  return `${name}=${content.toString("utf8").replace(/\r?\n$/, "")}`;
}

async function putFiles(container: Docker.Container, { files = [] }: Service, signal: AbortSignal): Promise<void> {
  const archive = tarOf(
    files.map(({ path, content, mode }) => ({
      path,
      content: Buffer.from(content),
      mode: Number.parseInt(mode ?? FILE_MODE_DEFAULT, 8),
    })),
  );
  await container.putArchive(archive, { path: "/", abortSignal: limited(signal, SLOW_CALL_LIMIT_MS) });
}
