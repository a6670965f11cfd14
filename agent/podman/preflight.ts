/** Are the host ports of a new version free? Asked while the old one serves: a start that fails would interrupt it. */
import { createSocket } from "node:dgram";
import { readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { parsePort, portsConflict, type PublishedPort } from "#schema/port.ts";
import type { Target } from "../core/effect.ts";
import { askLibpod, type Podman } from "./client.ts";
import { bareName, list } from "./look.ts";
import { AdvisedError } from "./problem.ts";

/** Throws an AdvisedError for the first port that somebody other than `old` holds. */
export async function preflight(
  podman: Podman,
  { ports, old, signal }: { ports: readonly string[]; old: readonly Target[]; signal: AbortSignal },
): Promise<void> {
  const wanted = ports.map(parsePort).filter((port) => port !== null);
  const containers = (await list(podman, signal)).filter(({ State }) => State === "running");
  const held = containers.flatMap(({ Id, Names, Ports }) =>
    Ports.flatMap((port) => heldPort(port, Id, bareName(Names[0] ?? Id))),
  );
  const isOld = (id: string): boolean => old.some((target) => target.id === id);
  for (const port of wanted) {
    const holders = held.filter((one) => portsConflict(one.port, port));
    const foreign = holders.find(({ id }) => !isOld(id));
    if (foreign !== undefined) {
      throw new AdvisedError(
        `host port ${port.hostPort}/${port.protocol} is taken by the container ${foreign.name}; stop that one or publish another port`,
      );
    }
  }
  const unheld = wanted.filter((port) => !held.some((one) => portsConflict(one.port, port)));
  if (unheld.length > 0 && (await sharesNetwork(podman, old, signal))) await tryToBind(unheld);
}

interface HeldPort {
  readonly id: string;
  readonly name: string;
  readonly port: PublishedPort;
}

function heldPort(
  port: { IP?: string; PublicPort?: number; PrivatePort: number; Type: string },
  id: string,
  name: string,
): HeldPort[] {
  if (port.PublicPort === undefined) return [];
  const address = port.IP === undefined || port.IP === "" || port.IP === "0.0.0.0" || port.IP === "::" ? null : port.IP;
  const protocol = port.Type === "udp" ? "udp" : "tcp";
  return [{ id, name, port: { address, hostPort: port.PublicPort, containerPort: port.PrivatePort, protocol } }];
}

/**
 * Does podman publish ports in the network that this process sees? Only then does binding say anything: the monitor of
 * a running container lives in podman's network.
 */
async function sharesNetwork(podman: Podman, old: readonly Target[], signal: AbortSignal): Promise<boolean> {
  const [first] = old;
  if (first === undefined) return false;
  try {
    const inspected = (await askLibpod(podman, { method: "GET", path: `/containers/${first.id}/json`, signal })) as {
      State?: { ConmonPid?: number };
    };
    const pid = inspected.State?.ConmonPid ?? 0;
    if (!(await readFile(`/proc/${pid}/cmdline`, "utf8")).includes(first.id)) return false;
    return (await readlink(`/proc/${pid}/ns/net`)) === (await readlink("/proc/self/ns/net"));
  } catch {
    return false;
  }
}

async function tryToBind(ports: readonly PublishedPort[]): Promise<void> {
  for (const port of ports) {
    const code = port.protocol === "tcp" ? await bindTcp(port) : await bindUdp(port);
    // What an ordinary user may not bind says nothing about who holds it.
    if (code === "EADDRINUSE") {
      throw new AdvisedError(
        `host port ${port.hostPort}/${port.protocol} is taken by a program on this device; free it (ss -ltnup shows by whom) or publish another port`,
      );
    }
  }
}

async function bindTcp({ address, hostPort }: PublishedPort): Promise<string | null> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    server.listen({ port: hostPort, host: address ?? "0.0.0.0", exclusive: true }, () =>
      server.close(() => resolve(null)),
    );
  });
}

async function bindUdp({ address, hostPort }: PublishedPort): Promise<string | null> {
  const socket = createSocket(address?.includes(":") === true ? "udp6" : "udp4");
  return await new Promise((resolve) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? "error");
    });
    socket.bind({ port: hostPort, ...(address === null ? {} : { address }), exclusive: true }, () =>
      socket.close(() => resolve(null)),
    );
  });
}
