/** The cable between the machine and a device that has a network of its own: an address at each end, cut and mended at will. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { DeviceNamespace } from "./device-namespace.ts";
import { runCommand } from "./run-command.ts";

/** 10.255.0.0/16 in nets of four addresses. */
const LINKS_MAX = 16_384;
const ATTEMPTS_MAX = 50;
const DROPS = [
  ["PREROUTING", "-i"],
  ["POSTROUTING", "-o"],
] as const;

/** A plugged-in cable. */
export interface DeviceLink {
  /** Stays the same for a device when it is plugged in again. */
  readonly index: number;
  /** The device's end: where its published ports answer. */
  readonly address: string;
  /** The machine's end. */
  readonly hostAddress: string;
  /** Makes what listens on 127.0.0.1:port of the machine answer there in the device, too. */
  reach(port: number): Promise<void>;
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Unplugs it; the kernel does the same when the device's namespace ends. */
  remove(): Promise<void>;
}

/** The net of a link, for `ip route`. */
function netOf(index: number): string {
  return `10.255.${Math.floor(index / 64)}.${(index % 64) * 4}/30`;
}

/** Answers for the device while it is off: nothing that is meant for it may leave by the machine's default route. */
export async function refuseFor(index: number): Promise<void> {
  await ip("route", "replace", "unreachable", netOf(index));
}

/** Ends `refuseFor`; does nothing where it was not called. */
export async function acceptFor(index: number): Promise<void> {
  await ip("route", "del", "unreachable", netOf(index)).catch(() => undefined);
}

/** Plugs a cable into a namespace; `index` asks for the one that the device had before. */
export async function plugIn(namespace: DeviceNamespace, index?: number): Promise<DeviceLink> {
  const taken = await createLink(namespace.pid, index);
  const third = Math.floor(taken / 64);
  const first = (taken % 64) * 4;
  const link = new Link(namespace, taken, `10.255.${third}.${first + 1}`, `10.255.${third}.${first + 2}`);
  await link.configure();
  return link;
}

/** The name of a link is the claim on its addresses: the kernel gives it to one only. */
async function createLink(pid: number, index: number | undefined): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const candidate = index ?? randomInt(LINKS_MAX);
    try {
      if (index === undefined && isUsed(candidate)) continue;
      await ip("link", "add", linkName(candidate), "type", "veth", "peer", "name", "up0", "netns", String(pid));
      return candidate;
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !String(error).includes("File exists")) throw error;
    }
  }
}

/** True where the machine has an address in the same net of 256 for another reason. */
function isUsed(index: number): boolean {
  const prefix = `10.255.${Math.floor(index / 64)}.`;
  const others = Object.entries(networkInterfaces()).filter(([name]) => !name.startsWith("gf-"));
  return others.some(([, addresses]) => addresses?.some(({ address }) => address.startsWith(prefix)));
}

function linkName(index: number): string {
  return `gf-${index}`;
}

async function ip(...args: string[]): Promise<void> {
  await runCommand("ip", args);
}

class Link implements DeviceLink {
  readonly index: number;
  readonly address: string;
  readonly hostAddress: string;
  readonly #namespace: DeviceNamespace;
  readonly #forwarders: Forwarder[] = [];

  constructor(namespace: DeviceNamespace, index: number, hostAddress: string, address: string) {
    this.#namespace = namespace;
    this.index = index;
    this.address = address;
    this.hostAddress = hostAddress;
  }

  async configure(): Promise<void> {
    const name = linkName(this.index);
    await ip("addr", "add", `${this.hostAddress}/30`, "dev", name);
    await ip("link", "set", name, "up");
    const inside = `ip addr add ${this.address}/30 dev up0 && ip link set up0 up &&
      echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet &&
      iptables -w -t nat -A POSTROUTING -o up0 -d ${this.hostAddress} -j MASQUERADE`;
    await this.#namespace.run("sh", ["-c", inside]);
  }

  async reach(port: number): Promise<void> {
    this.#forwarders.push(await startForwarder(this.hostAddress, port));
    const match = ["-d", "127.0.0.1", "-p", "tcp", "--dport", String(port)];
    const target = ["-j", "DNAT", "--to-destination", `${this.hostAddress}:${port}`];
    await this.#namespace.run("iptables", ["-w", "-t", "nat", "-A", "OUTPUT", ...match, ...target]);
  }

  // Dropped without a word, as on a radio link: a link that is set down would tell both ends at once.
  async cut(): Promise<void> {
    for (const [chain, side] of DROPS) await this.#mangle("-I", chain, side);
  }

  async mend(): Promise<void> {
    for (const [chain, side] of DROPS) await this.#mangle("-D", chain, side);
  }

  async #mangle(action: "-I" | "-D", chain: string, side: string): Promise<void> {
    await this.#namespace.run("iptables", ["-w", "-t", "mangle", action, chain, side, "up0", "-j", "DROP"]);
  }

  async remove(): Promise<void> {
    await Promise.all(this.#forwarders.splice(0).map(async (forwarder) => await forwarder.stop()));
    await ip("link", "del", linkName(this.index)).catch((error: unknown) => {
      if (!String(error).includes("Cannot find device")) throw error;
    });
  }
}

interface Forwarder {
  stop(): Promise<void>;
}

/** Passes connections to address:port on to 127.0.0.1:port. */
async function startForwarder(address: string, port: number): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // Where nobody listens, the caller is to learn it the hard way, as it would without us in between.
      socket.on("error", () => incoming.resetAndDestroy());
      socket.on("close", () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  server.listen(port, address);
  await once(server, "listening");
  return { stop: async () => await stopServer(server, sockets) };
}

async function stopServer(server: Server, sockets: Set<Socket>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
