/** The configuration files that keep one device's podman apart from every other podman on the machine. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, storageDriver, type Machine } from "./machine.ts";

/** What differs from device to device. */
export interface PodmanPlace {
  readonly folder: string;
  readonly machine: Machine;
  /** `host:port` of registries without TLS. */
  readonly registries: readonly string[];
  /** Set where the device shares the machine's network: nobody else may use this bridge or these addresses. */
  readonly own: { readonly bridge: string; readonly secondOctet: number } | null;
}

/** How to call this device's podman. */
export interface PodmanCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Writes the files into the device's folder and gives the call that uses them. */
export function configurePodman(place: PodmanPlace): PodmanCall {
  const { folder } = place;
  const driver = storageDriver(folder);
  mkdirSync(join(folder, "net"), { recursive: true });
  writeFileSync(join(folder, "auth.json"), "{}");
  writeFileSync(join(folder, "containers.conf"), containersConf(place));
  writeFileSync(join(folder, "registries.conf"), registriesConf(place.registries));
  writeFileSync(join(folder, "storage.conf"), storageConf(folder, driver));
  if (place.own !== null) writeFileSync(join(folder, "net", "podman.json"), defaultNetwork(place.own));
  const flags = { root: "root", runroot: "run", tmpdir: "tmp", "network-config-dir": "net", volumepath: "vol" };
  return {
    program: findProgram("podman") ?? "podman",
    args: [
      ...Object.entries(flags).flatMap(([flag, name]) => [`--${flag}`, join(folder, name)]),
      "--storage-driver",
      driver,
    ],
    env: {
      ...process.env,
      CONTAINERS_CONF: join(folder, "containers.conf"),
      CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
      CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
      REGISTRY_AUTH_FILE: join(folder, "auth.json"),
      TMPDIR: folder,
    },
  };
}

function containersConf({ machine, own }: PodmanPlace): string {
  const { limits, runtime, netavark, namespaces } = machine;
  // podman 4.3 swaps the soft and the hard limit, so both have to be the same.
  const ulimits = limits && `"nofile=${limits.files}:${limits.files}", "nproc=${limits.processes}:${limits.processes}"`;
  const lines = [
    "[containers]",
    ulimits && `default_ulimits = [${ulimits}]`,
    "[network]",
    netavark && 'network_backend = "netavark"',
    own && `default_subnet_pools = [{base = "10.${own.secondOctet}.128.0/17", size = 24}]`,
    "[engine]",
    runtime !== null && `runtime = "${runtime}"`,
    // systemd would be told process ids that mean something else outside of the device's namespace.
    namespaces && 'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    // The default, shared memory, is one per machine: the end of one device would free the locks of another.
    'lock_type = "file"',
  ];
  return `${lines.filter((line) => typeof line === "string" && line !== "").join("\n")}\n`;
}

// Without a file of its own the settings of the machine's podman would apply.
function storageConf(folder: string, driver: string): string {
  const places = `graphroot = "${join(folder, "root")}"\nrunroot = "${join(folder, "run")}"`;
  return `[storage]\ndriver = "${driver}"\n${places}\n`;
}

function registriesConf(registries: readonly string[]): string {
  return registries.map((location) => `[[registry]]\nlocation = "${location}"\ninsecure = true\n`).join("");
}

/** Podman's default network is a bridge of the same name and subnet for every root; this gives it its own. */
function defaultNetwork({ bridge, secondOctet }: NonNullable<PodmanPlace["own"]>): string {
  return JSON.stringify({
    name: "podman",
    id: "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
    driver: "bridge",
    network_interface: bridge,
    created: "2024-01-01T00:00:00Z",
    subnets: [{ subnet: `10.${secondOctet}.0.0/24`, gateway: `10.${secondOctet}.0.1` }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: "host-local" },
  });
}
