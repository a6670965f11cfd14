/** A device on this machine: a real podman with containers, images and networks of its own, that can lose its power. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { removeControlGroups } from "./control-groups.ts";
import { startNamespace, type DeviceNamespace } from "./device-namespace.ts";
import { acceptFor, plugIn, refuseFor, type DeviceLink } from "./device-link.ts";
import { claimNetwork, LINK_FILE, removeLeftovers, removeNetworks, type NetworkClaim } from "./device-leftovers.ts";
import { detectMachine, type Machine } from "./machine.ts";
import { configurePodman, type PodmanCall } from "./podman-config.ts";
import { killProcessesOf } from "./processes.ts";
import type { Registry } from "./registry.ts";
import { runCommand } from "./run-command.ts";
import { scratchFolder, type Scratch } from "./scratch.ts";
import { until } from "./until.ts";

const API_WITHIN_MS = 20_000;
const REMOVE_WITHIN_MS = 60_000;
/** Building an image takes longest of all that a device's podman is asked for. */
const COMMAND_WITHIN_MS = 300_000;

/** Which device to start. */
export interface PodmanDeviceOptions {
  /** For people: it appears in the folder's name. */
  readonly name: string;
  /**
   * `own`: addresses, ports, bridges and DNS of its own, as a real device has; needs root, and is `host` without.
   * `host`: published ports answer on 127.0.0.1 of this machine.
   */
  readonly network: "own" | "host";
  /** The registries it may pull from without TLS, reachable there as here. */
  readonly registries?: readonly Registry[];
}

/** A device whose podman answers. */
export interface PodmanDevice {
  readonly name: string;
  readonly network: "own" | "host";
  /** Of podman's Docker-compatible API; the same over power cuts. */
  readonly socketPath: string;
  /** Where published ports answer for this process. */
  readonly address: string;
  /** Where the device reaches programs of this machine. */
  readonly hostAddress: string;
  /** Its files. */
  readonly folder: string;
  /** Runs the device's podman command line and gives its stdout, trimmed. Rejects with its stderr. */
  podman(...args: string[]): Promise<string>;
  /** The command that runs `command` within the device's network, but with this machine's files and process ids. */
  enter(command: string, args: readonly string[]): [string, string[]];
  /** Makes what listens on 127.0.0.1:port here answer there in the device, too; holds over power cuts. */
  reach(port: number): Promise<void>;
  /** Sends a signal to the main process of a container past podman, as the kernel would for lack of memory. */
  signalContainer(container: string, signal?: "KILL" | "TERM" | "STOP" | "CONT"): Promise<void>;
  /** SIGKILL to the API service; containers go on. The socket's file stays and refuses. */
  killApi(): Promise<void>;
  /** SIGTERM to the API service; containers go on. The socket's file goes. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
  restartApi(): Promise<void>;
  /** No packet passes in or out any more; nobody is told. Only with a network of its own. */
  cutNetwork(): Promise<void>;
  restoreNetwork(): Promise<void>;
  /** Every process of the device ends at once, and what was only in memory is gone. */
  powerCut(): Promise<void>;
  /** After `powerCut`: podman answers again, nothing else runs. */
  boot(): Promise<void>;
  /** Ends and deletes all of it. */
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a device and resolves when its podman answers. */
export async function startPodmanDevice(options: PodmanDeviceOptions): Promise<PodmanDevice> {
  await removeLeftovers();
  const machine = detectMachine();
  const network = machine.namespaces ? options.network : "host";
  const device = new LocalDevice({ ...options, network, machine });
  try {
    await device.boot();
    return device;
  } catch (error) {
    await device.remove();
    throw error;
  }
}

interface DeviceSettings extends PodmanDeviceOptions {
  readonly machine: Machine;
}

class LocalDevice implements PodmanDevice {
  readonly name: string;
  readonly network: "own" | "host";
  readonly folder: string;
  readonly socketPath: string;
  readonly #machine: Machine;
  readonly #scratch: Scratch;
  readonly #claim: NetworkClaim | null;
  readonly #call: PodmanCall;
  readonly #reached = new Set<number>();
  #namespace: DeviceNamespace | null = null;
  #link: DeviceLink | null = null;
  #linkIndex: number | undefined;
  #address = "127.0.0.1";
  #hostAddress = "127.0.0.1";
  #api: ChildProcess | null = null;

  constructor({ name, network, machine, registries = [] }: DeviceSettings) {
    this.name = name;
    this.network = network;
    this.#machine = machine;
    this.#scratch = scratchFolder(`device-${name}`);
    this.folder = this.#scratch.path;
    this.socketPath = join(this.folder, "podman.sock");
    this.#claim = network === "host" && machine.namespaces ? claimNetwork() : null;
    const addresses = registries.flatMap((registry) => [registry.address, registry.authAddress]);
    this.#call = configurePodman({ folder: this.folder, machine, registries: addresses, own: this.#claim });
    for (const registry of registries) for (const port of registry.ports) this.#reached.add(port);
  }

  get address(): string {
    return this.#address;
  }

  get hostAddress(): string {
    return this.#hostAddress;
  }

  async boot(): Promise<void> {
    const { namespaces, needsSyslog } = this.#machine;
    if (namespaces && this.#namespace === null) {
      this.#namespace = await startNamespace({ folder: this.folder, network: this.network, needsSyslog });
      if (this.network === "own") await this.#plugIn(this.#namespace);
    }
    await this.startApi();
  }

  async #plugIn(namespace: DeviceNamespace): Promise<void> {
    this.#link = await plugIn(namespace, this.#linkIndex);
    if (this.#linkIndex !== undefined) await acceptFor(this.#linkIndex);
    this.#linkIndex = this.#link.index;
    this.#address = this.#link.address;
    this.#hostAddress = this.#link.hostAddress;
    writeFileSync(join(this.folder, LINK_FILE), String(this.#linkIndex));
    for (const port of this.#reached) await this.#link.reach(port);
  }

  async podman(...args: string[]): Promise<string> {
    const [command, rest] = this.#wrap(this.#call.program, [...this.#call.args, ...args]);
    const limits = { env: this.#call.env, cwd: "/", limitMs: COMMAND_WITHIN_MS };
    const { stdout } = await runCommand(command, rest, limits);
    return stdout.trim();
  }

  enter(command: string, args: readonly string[]): [string, string[]] {
    return this.#namespace?.wrapNetwork(command, args) ?? [command, [...args]];
  }

  async reach(port: number): Promise<void> {
    if (this.#reached.has(port)) return;
    this.#reached.add(port);
    await this.#link?.reach(port);
  }

  async signalContainer(container: string, signal: "KILL" | "TERM" | "STOP" | "CONT" = "KILL"): Promise<void> {
    const pid = Number(await this.podman("inspect", "--format", "{{.State.Pid}}", container));
    if (!(pid > 1)) throw new Error(`container ${container} is not running on device ${this.name}`);
    await runCommand(...this.#wrap("sh", ["-c", `kill -${signal} ${pid}`]));
  }

  async killApi(): Promise<void> {
    await this.#endApi("KILL");
  }

  async stopApi(): Promise<void> {
    await this.#endApi("TERM");
  }

  async #endApi(signal: "KILL" | "TERM"): Promise<void> {
    const api = this.#api;
    if (api === null) return;
    const ended = hasEnded(api) ? Promise.resolve() : once(api, "exit");
    const pid = readFileSync(this.#apiPidFile(), "utf8").trim();
    await runCommand(...this.#wrap("sh", ["-c", `kill -${signal} ${pid}`])).catch(() => undefined);
    await ended;
    this.#api = null;
  }

  async startApi(): Promise<void> {
    if (this.#api !== null) return;
    // A socket that refuses may stand here from a killed service.
    rmSync(this.socketPath, { force: true });
    const log = openSync(join(this.folder, "podman.log"), "a");
    // The id of the process within the namespace, which the shell leaves to podman.
    const serve = ["-c", 'echo $$ > "$1"; shift; exec "$@"', "sh", this.#apiPidFile(), this.#call.program];
    const args = [...this.#call.args, "system", "service", "--time=0", `unix://${this.socketPath}`];
    const [command, rest] = this.#wrap("sh", [...serve, ...args]);
    const api = spawn(command, rest, { env: this.#call.env, cwd: "/", stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    api.on("error", () => undefined);
    this.#api = api;
    await until(`podman answers on ${this.socketPath}`, async () => hasEnded(api) || (await ping(this.socketPath)), {
      limitMs: API_WITHIN_MS,
    });
    if (hasEnded(api)) throw new Error(`podman cannot serve its API: ${this.#apiLog()}`);
  }

  async restartApi(): Promise<void> {
    await this.stopApi();
    await this.startApi();
  }

  async cutNetwork(): Promise<void> {
    await this.#cable().cut();
  }

  async restoreNetwork(): Promise<void> {
    await this.#cable().mend();
  }

  async powerCut(): Promise<void> {
    if (this.#claim !== null) throw new Error("a device on the machine's own network cannot lose its power");
    await this.#end();
    if (this.#linkIndex !== undefined) await refuseFor(this.#linkIndex);
    for (const name of ["run", "tmp", "podman.sock"]) rmSync(join(this.folder, name), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    if (this.network === "host" && this.#api !== null) await this.#removeContainers();
    await this.#end();
    if (this.#linkIndex !== undefined) await acceptFor(this.#linkIndex);
    if (this.#claim !== null) {
      await removeNetworks(this.folder);
      this.#claim.release();
    }
    if (!this.#machine.namespaces && existsSync(join(this.folder, "root"))) {
      // The files of an ordinary user's containers belong to other user ids.
      await runCommand(this.#call.program, ["unshare", "rm", "-rf", this.folder]).catch(() => undefined);
    }
    this.#scratch.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** Takes down what podman set up on the machine's own network. */
  async #removeContainers(): Promise<void> {
    const [command, rest] = this.#wrap(this.#call.program, [
      ...this.#call.args,
      "rm",
      "--force",
      "--all",
      "--time",
      "0",
    ]);
    await runCommand(command, rest, { env: this.#call.env, cwd: "/", limitMs: REMOVE_WITHIN_MS }).catch(
      () => undefined,
    );
    await this.podman("network", "prune", "--force").catch(() => undefined);
  }

  async #end(): Promise<void> {
    await this.#link?.remove();
    this.#link = null;
    if (this.#namespace !== null) await this.#namespace.end();
    else if (!this.#machine.namespaces) await killProcessesOf(this.folder);
    this.#namespace = null;
    this.#api = null;
    removeControlGroups(this.folder);
  }

  #cable(): DeviceLink {
    if (this.#link === null) throw new Error(`device ${this.name} has no network of its own that could be cut`);
    return this.#link;
  }

  #wrap(command: string, args: readonly string[]): [string, string[]] {
    return this.#namespace?.wrap(command, args) ?? [command, [...args]];
  }

  #apiPidFile(): string {
    return join(this.folder, "api.pid");
  }

  #apiLog(): string {
    return readFileSync(join(this.folder, "podman.log"), "utf8").slice(-2_000);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ping(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const call = request({ socketPath, path: "/_ping", timeout: 1_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on("error", () => resolve(false));
    call.on("timeout", () => call.destroy());
    call.end();
  });
}
