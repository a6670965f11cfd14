/** `gitfleet agent logs DEPLOYMENT`: what the services of a deployment print, read from podman on the device. */
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { OutsideError, UsageError } from "#runtime/errors.ts";
import type { DeviceId } from "#schema/names.ts";
import { LABEL_DEPLOYMENT, LABEL_SERVICE } from "./core/names.ts";
import { openPodman, podmanSocket, type Podman } from "./podman/client.ts";
import { FrameReader, unframed } from "./podman/log.ts";
import { bareName, list } from "./podman/look.ts";
import { problemOf } from "./podman/problem.ts";

/** The last lines of each service that are shown when nobody says how many. */
export const TAIL_DEFAULT = 100;

/** What to show. */
export interface LogsOptions {
  readonly deployment: string;
  /** Only this device's containers; of any device id when left out. */
  readonly device?: DeviceId;
  readonly podman?: string;
  readonly service?: string;
  readonly tail?: number;
  readonly follow?: boolean;
}

/** Prints lines as `service | text`; with `follow` until `signal` aborts. Rejects with what a person can act on. */
export async function agentLogs(
  options: LogsOptions,
  { stdout, signal }: { stdout: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const podman = openPodman(
    podmanSocket(options.podman, process.env, process.getuid?.() ?? 0),
    options.device ?? ("" as DeviceId),
  );
  const containers = await find(podman, options, signal);
  const width = Math.max(...containers.map(({ label }) => label.length));
  const shows = containers.map(async ({ id, label }) => {
    const print = (line: string): void => stdout(`${label.padEnd(width)} | ${line}\n`);
    await (options.follow === true
      ? follow(podman, id, options, print, signal)
      : show(podman, id, options, print, signal));
  });
  await Promise.all(shows);
}

interface Found {
  readonly id: string;
  /** The service; of a candidate with its container's name. */
  readonly label: string;
}

async function find(
  podman: Podman,
  { deployment, device, service }: LogsOptions,
  signal: AbortSignal,
): Promise<Found[]> {
  const all = (await reached(podman, signal)).filter((one) => device === undefined || isOfDevice(one, device));
  const mine = all.filter(({ Labels }) => Labels[LABEL_DEPLOYMENT] === deployment);
  const found = mine.filter(({ Labels }) => service === undefined || Labels[LABEL_SERVICE] === service).map(foundOf);
  if (found.length > 0) return found;
  const known = [
    ...new Set(
      (mine.length > 0
        ? mine.map(({ Labels }) => Labels[LABEL_SERVICE])
        : all.map(({ Labels }) => Labels[LABEL_DEPLOYMENT])
      ).filter((name) => name !== undefined),
    ),
  ].toSorted();
  const what =
    mine.length > 0
      ? `the deployment ${deployment} has no service ${service}`
      : `no deployment ${deployment} runs on this device`;
  const hint = known.length === 0 ? "Nothing of gitfleet runs here yet." : `There is: ${known.join(", ")}.`;
  throw new UsageError(what, { hint });
}

function isOfDevice({ Labels }: Docker.ContainerInfo, device: DeviceId): boolean {
  return Object.entries(Labels).some(([key, value]) => key === "gitfleet.dev/device" && value === device);
}

async function reached(podman: Podman, signal: AbortSignal): Promise<Docker.ContainerInfo[]> {
  try {
    return (await list(podman, signal)).filter(({ Labels }) => Labels?.[LABEL_DEPLOYMENT] !== undefined);
  } catch (error) {
    throw new OutsideError(problemOf(error, "read the logs", podman.socketPath).error, { cause: error });
  }
}

function foundOf({ Id, Names, Labels }: Docker.ContainerInfo): Found {
  const name = bareName(Names[0] ?? Id);
  return {
    id: Id,
    label: name.endsWith(".next") ? `${Labels[LABEL_SERVICE]} (candidate)` : (Labels[LABEL_SERVICE] ?? name),
  };
}

async function show(
  { docker }: Podman,
  id: string,
  { tail = TAIL_DEFAULT }: LogsOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const logs = await docker
    .getContainer(id)
    .logs({ stdout: true, stderr: true, follow: false, tail, abortSignal: signal });
  const lines = unframed(logs).split("\n");
  if (lines.at(-1) === "") lines.pop();
  lines.forEach(print);
}

async function follow(
  { docker }: Podman,
  id: string,
  { tail = TAIL_DEFAULT }: LogsOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = new FrameReader(print);
  try {
    const stream = (await docker
      .getContainer(id)
      .logs({ stdout: true, stderr: true, follow: true, tail, abortSignal: signal })) as Readable;
    for await (const chunk of stream) reader.push(chunk as Buffer);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  reader.end();
}
