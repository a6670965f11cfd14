/** What devices leave on the machine: claims on networks, and the rests of a run that was killed before it could clean up. */
import { randomInt } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { removeControlGroups } from "./control-groups.ts";
import { acceptFor } from "./device-link.ts";
import { killProcessesOf } from "./processes.ts";
import { runCommand } from "./run-command.ts";
import { abandonedFolders, claimFolder } from "./scratch.ts";

/** Holds the index of the device's link: a device that is off leaves a route that refuses for it. */
export const LINK_FILE = "link";
const OCTET_MIN = 16;
const OCTET_MAX = 250;
const ATTEMPTS_MAX = 1_000;

/** A bridge name and 10.N.0.0/16 on the machine's own network, for one device alone. */
export interface NetworkClaim {
  readonly bridge: string;
  readonly secondOctet: number;
  release(): void;
}

/** Claims a network that neither another device nor the machine itself uses. */
export function claimNetwork(): NetworkClaim {
  const used = usedOctets();
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const secondOctet = randomInt(OCTET_MIN, OCTET_MAX + 1);
    const claim = used.has(secondOctet) ? null : claimFolder(`network-${secondOctet}`);
    if (claim !== null) return { bridge: `gf-b${secondOctet}`, secondOctet, release: () => claim.remove() };
  }
  throw new Error("no network 10.N.0.0/16 is free on this machine");
}

function usedOctets(): Set<number> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  const routes = existsSync("/proc/net/route") ? routeTargets(readFileSync("/proc/net/route", "utf8")) : [];
  const inTen = [...own, ...routes].filter((address) => address.startsWith("10."));
  return new Set(inTen.map((address) => Number(address.split(".")[1])));
}

// Destinations stand there as eight hex digits, lowest byte first.
function routeTargets(table: string): string[] {
  const targets = table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t")[1] ?? "");
  return targets.filter((hex) => hex.length === 8).map((hex) => [...Buffer.from(hex, "hex")].toReversed().join("."));
}

/** Ends and deletes the devices of runs that are gone. */
export async function removeLeftovers(): Promise<void> {
  for (const folder of abandonedFolders("device")) {
    // Two test workers may find the same folder: what one has removed the other need not.
    await killProcessesOf(folder);
    await removeNetworks(folder);
    const link = readOrEmpty(join(folder, LINK_FILE));
    if (link !== "") await acceptFor(Number(link));
    removeControlGroups(folder);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      await runCommand("podman", ["unshare", "rm", "-rf", folder]).catch(() => undefined);
    }
  }
}

/** Deletes the bridges of a device's networks from the machine's own network, and the firewall rules that name them. */
export async function removeNetworks(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const networks = networksOf(folder);
  for (const { bridge } of networks) await runCommand("ip", ["link", "del", bridge]).catch(() => undefined);
  await removeRules(networks.flatMap(({ subnets }) => subnets));
}

interface Network {
  readonly bridge: string;
  readonly subnets: readonly string[];
}

/** Only what lies in a claimed network: the bridges of other devices have namespaces of their own. */
function networksOf(folder: string): Network[] {
  const claim = /subnet_pools = \[\{base = "(10\.\d+\.)/.exec(readOrEmpty(join(folder, "containers.conf")))?.[1];
  if (claim === undefined) return [];
  const files = readdirSync(join(folder, "net")).filter((name) => name.endsWith(".json"));
  const parsed = files.map(
    (name) =>
      JSON.parse(readOrEmpty(join(folder, "net", name)) || "{}") as {
        network_interface?: string;
        subnets?: { subnet: string }[];
      },
  );
  const networks = parsed.map(({ network_interface: bridge = "", subnets = [] }) => ({
    bridge,
    subnets: subnets.map(({ subnet }) => subnet),
  }));
  return networks.filter(({ bridge, subnets }) => bridge !== "" && subnets.some((subnet) => subnet.startsWith(claim)));
}

async function removeRules(subnets: readonly string[]): Promise<void> {
  if (subnets.length === 0) return;
  const prefixes = subnets.map((subnet) => subnet.slice(0, subnet.lastIndexOf(".") + 1));
  for (const table of ["nat", "filter"]) {
    const saved = await runCommand("iptables-save", ["-t", table]).catch(() => ({ stdout: "" }));
    const lines = saved.stdout.split("\n").filter((line) => line.startsWith("-A "));
    const ours = lines.filter((line) => prefixes.some((prefix) => line.includes(` ${prefix}`)));
    for (const line of ours) {
      const rule = (line.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replaceAll('"', ""));
      await runCommand("iptables", ["-w", "-t", table, "-D", ...rule]).catch(() => undefined);
    }
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
