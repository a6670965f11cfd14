/** One podman, reached through its Docker-compatible API on a socket. Every call has a limit. */
import { existsSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import Docker from "dockerode";
import type { DeviceId } from "#schema/names.ts";

/** Calls that only read or change a record. */
export const CALL_LIMIT_MS = 15_000;
/** Calls that mount, start or write: slow on small devices under load. */
export const SLOW_CALL_LIMIT_MS = 120_000;

/** Understood by podman 4 and 5 alike. */
const LIBPOD = "/v4.0.0/libpod";

/** What the other files of this room need. */
export interface Podman {
  readonly docker: Docker;
  readonly socketPath: string;
  /** Whose containers are ours. */
  readonly device: DeviceId;
}

/** Does not connect: podman may come up later, and go and come again. */
export function openPodman(socketPath: string, device: DeviceId): Podman {
  // A kept connection is dead after a restart of the service, and the first request on it fails with EPIPE.
  const agent = new Agent({ keepAlive: false });
  // docker-modem writes out the options of each call for a debug log, also where nobody reads it, and with them all that
  // hangs on the agent: without this it is most of what an idle device does.
  Object.assign(agent, { [inspect.custom]: () => "agent" });
  const options: Docker.DockerOptions & { agent: Agent } = { socketPath, agent };
  return { docker: new Docker(options), socketPath, device };
}

/**
 * Where podman listens: what was asked for, else `CONTAINER_HOST`, else the first default socket that exists.
 * `asked` is a path or `unix:///path`.
 */
export function podmanSocket(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): string {
  const given = asked ?? (env.CONTAINER_HOST?.startsWith("unix://") === true ? env.CONTAINER_HOST : undefined);
  if (given !== undefined) return socketPathOf(given);
  const candidates = defaultSockets(env, uid);
  return candidates.find((path) => existsSync(path)) ?? candidates[0]!;
}

/** The path in `/path`, `unix:/path` and `unix:///path`. */
export function socketPathOf(given: string): string {
  return given.replace(/^unix:(?:\/\/)?/, "");
}

function defaultSockets(env: Readonly<Record<string, string | undefined>>, uid: number): string[] {
  const ofUser = join(env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`, "podman/podman.sock");
  return uid === 0 ? ["/run/podman/podman.sock", ofUser] : [ofUser, "/run/podman/podman.sock"];
}

/** Ends when `signal` does or when `limitMs` have passed. */
export function limited(signal: AbortSignal, limitMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
}

/** One plain call. dockerode passes no abort signal for networks and images, and does not know podman's own API. */
export interface Ask {
  readonly method: "GET" | "POST" | "DELETE";
  /** Such as `/networks/web_private`. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly limitMs?: number;
}

const DONE = { 200: true, 201: true, 204: true } as const;
const REFUSED = { 404: "not found", 409: "conflict", 500: "server error" } as const;

/** The answer's JSON. Rejects as dockerode does: with `statusCode` and `json`. */
export async function ask(
  { docker }: Podman,
  { method, path, signal, limitMs = CALL_LIMIT_MS }: Ask,
): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const options = { path, method, abortSignal: limited(signal, limitMs), statusCodes: { ...DONE, ...REFUSED } };
    docker.modem.dial(options, (error: unknown, data: unknown) => {
      if (error === null || error === undefined) resolve(data);
      else reject(error);
    });
  });
}

/** The same of podman's own API, where the compatible one has no such thing. */
export async function askLibpod(podman: Podman, { path, ...rest }: Ask): Promise<unknown> {
  return await ask(podman, { ...rest, path: `${LIBPOD}${path}` });
}
