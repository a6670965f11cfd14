/** The image, built by the Containerfile on a stand-in base, and containers of it that have no right at all. */
import { join } from "node:path";
import { imageArguments } from "#release/image.ts";
import { freePort } from "#sandbox/free-port.ts";
import { startPodmanDevice, type PodmanDevice } from "#sandbox/podman-device.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { standInImage } from "./stand-in-image.ts";

export const IMAGE = "localhost/gitfleet:test";
export const REVISION = "0123456789abcdef0123456789abcdef01234567";
const EPOCH_S = 1_700_000_000;
export const NODE = "/usr/local/bin/node";
const STAND_IN = "localhost/node:stand-in";
/** Somebody else than the image says, as a cluster may decide. */
const USER = "4711:4711";
const CONTAINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"];

/** A running container. */
export interface Contained {
  readonly name: string;
  /** What its health server answers, null where it does not. */
  get(path: string): Promise<{ readonly ok: boolean; readonly facts: Record<string, unknown> } | null>;
  /** Runs a program in it; rejects where that fails. */
  exec(...words: readonly string[]): Promise<string>;
  /** A line of what the kernel says about its process 1. */
  status(field: string): Promise<string>;
  /** SIGTERM to process 1; gives the exit code. */
  terminate(): Promise<string>;
}

export class ImageRig {
  readonly scratch: Scratch;
  readonly device: PodmanDevice;

  private constructor(scratch: Scratch, device: PodmanDevice) {
    this.scratch = scratch;
    this.device = device;
  }

  /** Builds the image, too. */
  static async start(): Promise<ImageRig> {
    const rig = new ImageRig(scratchFolder("image"), await startPodmanDevice({ name: "image", network: "host" }));
    try {
      const archive = await standInImage(rig.scratch.path);
      await rig.device.podman("import", "--change", "ENV PATH=/usr/local/bin", archive, STAND_IN);
      await rig.build(IMAGE);
      return rig;
    } catch (error) {
      await rig.remove();
      throw error;
    }
  }

  async remove(): Promise<void> {
    await this.device.remove();
    this.scratch.remove();
  }

  /** Builds it anew, without what an earlier build has left. */
  async build(tag: string): Promise<void> {
    const words = ["--layers=false", `--build-arg=NODE_IMAGE=${STAND_IN}`, `--tag=${tag}`];
    const options = { engine: "podman", root: repositoryRoot, revision: REVISION, epochS: EPOCH_S, words } as const;
    await this.device.podman(...imageArguments(options));
  }

  /** A field of what podman says about an image, as JSON. */
  async inspect(field: string, image: string = IMAGE): Promise<unknown> {
    return JSON.parse(await this.device.podman("image", "inspect", "--format", `{{json ${field}}}`, image));
  }

  /** Runs a command of gitfleet to its end; gives what it printed. */
  async once(...words: readonly string[]): Promise<string> {
    return await this.device.podman("run", "--rm", ...CONTAINED, `--user=${USER}`, IMAGE, ...words);
  }

  /** Starts a program of gitfleet; `secrets` is a folder that it finds as /etc/gitfleet. */
  async start(
    name: string,
    command: string,
    { env, secrets }: { readonly env: Record<string, string>; readonly secrets: string },
  ): Promise<Contained> {
    const port = await freePort();
    const variables = Object.entries({ ...env, GITFLEET_LISTEN: `:${port}` }).map(
      ([key, value]) => `--env=${key}=${value}`,
    );
    const where = ["--detach", "--network=host", `--name=${name}`, `--volume=${secrets}:/etc/gitfleet:ro`];
    await this.device.podman("run", ...where, ...variables, ...CONTAINED, `--user=${USER}`, IMAGE, command);
    return this.#contained(name, port);
  }

  #contained(name: string, port: number): Contained {
    const podman = (...words: string[]): Promise<string> => this.device.podman(...words);
    const exec = (...words: readonly string[]): Promise<string> => podman("exec", name, ...words);
    return {
      name,
      exec,
      get: async (path) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
        return answer && { ok: answer.ok, facts: (await answer.json()) as Record<string, unknown> };
      },
      status: async (field) => {
        const text = await exec(NODE, "-p", 'require("node:fs").readFileSync("/proc/1/status", "utf8")');
        return new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(text)?.[1] ?? "";
      },
      terminate: async () => {
        await podman("kill", "--signal=TERM", name);
        return await podman("wait", name);
      },
    };
  }

  /** What stands in the root of the image, as tar lists it. */
  async archive(): Promise<string> {
    const container = await this.device.podman("create", IMAGE);
    const path = join(this.scratch.path, "image.tar");
    await this.device.podman("export", "--output", path, container);
    await this.device.podman("rm", container);
    return path;
  }
}
