/** The test images: busybox and one command each, made in memory without a build tool or a public registry. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { staticBusybox } from "./busybox.ts";
import { tar, type TarEntry } from "./tar.ts";

const NANOSECONDS_PER_SECOND = 1_000_000_000;
const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** What an image runs and holds besides busybox. */
export interface ImageSpec {
  readonly command: readonly string[];
  /** What a web server in it answers at `/`; empty where left out. */
  readonly page?: string;
  readonly health?: {
    readonly command: readonly string[];
    readonly intervalSeconds: number;
    readonly retries?: number;
  };
  /** As Go names it; the machine's own where left out. */
  readonly architecture?: string;
  /** This many bytes that do not compress, to make a pull take its time. */
  readonly ballastBytes?: number;
}

/** A blob or manifest with its digest. */
export interface Blob {
  readonly digest: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/** All that a registry has to serve for one image. */
export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

const serve = "httpd -f -p ${PORT:-80} -h /www";
/** Serves, and ends at once when asked to. */
const politely = ["sh", "-c", `trap 'exit 0' TERM; ${serve} & wait`];

/** The images that every registry of the sandbox starts with, by `name:tag`. */
export const TEST_IMAGES = {
  /** A web server that answers its own name. */
  "web:1": { command: politely, page: "web:1\n" },
  "web:2": { command: politely, page: "web:2\n" },
  /** Ends at once with exit code 3. */
  "crash:1": { command: ["sh", "-c", "echo boom >&2; exit 3"] },
  /** Serves, and ignores SIGTERM. */
  "stuck:1": { command: ["sh", "-c", `trap '' TERM; ${serve} & while :; do sleep 1; done`], page: "stuck:1\n" },
  /** Needs five seconds until it serves. */
  "slow:1": { command: ["sh", "-c", `sleep 5; exec ${serve}`], page: "slow:1\n" },
  /** Serves, but its own health check always says no. */
  "sick:1": { command: politely, page: "sick:1\n", health: { command: ["false"], intervalSeconds: 1, retries: 2 } },
  /** Serves, and its health check says so. */
  "well:1": {
    command: politely,
    page: "well:1\n",
    health: { command: ["wget", "-q", "-O-", "http://127.0.0.1/"], intervalSeconds: 1 },
  },
} as const satisfies Record<string, ImageSpec>;

/** Makes the image that a spec describes; equal specs give equal digests. */
export function buildImage(spec: ImageSpec): Image {
  const own = tar(ownEntries(spec));
  const config = blob(CONFIG_TYPE, json(configOf(spec, [base().diffId, sha256(own)])));
  const layers = [base().layer, blob(LAYER_TYPE, gzipSync(own, { level: 1 }))];
  const manifest = blob(
    MANIFEST_TYPE,
    json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: descriptor(config), layers: layers.map(descriptor) }),
  );
  return { manifest, config, layers };
}

interface BaseLayer {
  readonly layer: Blob;
  readonly diffId: string;
}

let baseLayer: BaseLayer | undefined;

/** The layer that all share: busybox by each of its names. */
function base(): BaseLayer {
  if (baseLayer !== undefined) return baseLayer;
  const { bytes, applets } = staticBusybox();
  const links = applets.filter((name) => name !== "busybox");
  const archive = tar([
    ...["bin", "etc", "data"].map((path): TarEntry => ({ kind: "folder", path: `${path}/`, mode: 0o755 })),
    { kind: "folder", path: "tmp/", mode: 0o1777 },
    { kind: "file", path: "bin/busybox", bytes, mode: 0o755 },
    ...links.map((name): TarEntry => ({ kind: "link", path: `bin/${name}`, target: "busybox" })),
  ]);
  baseLayer = { layer: blob(LAYER_TYPE, gzipSync(archive, { level: 1 })), diffId: sha256(archive) };
  return baseLayer;
}

function ownEntries(spec: ImageSpec): TarEntry[] {
  const page = Buffer.from(spec.page ?? "");
  const entries: TarEntry[] = [
    { kind: "folder", path: "www/", mode: 0o755 },
    { kind: "file", path: "www/index.html", bytes: page, mode: 0o644 },
  ];
  if (spec.ballastBytes === undefined) return entries;
  return [...entries, { kind: "file", path: "ballast", bytes: noise(spec.ballastBytes), mode: 0o644 }];
}

/** Bytes that look random and are the same each time. */
function noise(lengthBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let made = 0; made < lengthBytes; made += 32) parts.push(createHash("sha256").update(String(made)).digest());
  return Buffer.concat(parts).subarray(0, lengthBytes);
}

function configOf(spec: ImageSpec, diffIds: readonly string[]): object {
  return {
    architecture: spec.architecture ?? machineArchitecture(),
    os: "linux",
    created: "2024-01-01T00:00:00Z",
    config: { Env: ["PATH=/bin"], Cmd: spec.command, ...(spec.health && { Healthcheck: healthcheck(spec.health) }) },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map(() => ({ created: "2024-01-01T00:00:00Z", created_by: "gitfleet sandbox" })),
  };
}

function healthcheck({ command, intervalSeconds, retries = 3 }: NonNullable<ImageSpec["health"]>): object {
  const Interval = intervalSeconds * NANOSECONDS_PER_SECOND;
  return { Test: ["CMD", ...command], Interval, StartPeriod: Interval, Retries: retries };
}

/** This machine's architecture by the name that images use. */
export function machineArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

function descriptor({ type, digest, bytes }: Blob): object {
  return { mediaType: type, size: bytes.length, digest };
}

function blob(type: string, bytes: Buffer): Blob {
  return { type, bytes, digest: sha256(bytes) };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
