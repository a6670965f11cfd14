/** A small image registry inside this process, open and with a password, whose faults a test can choose. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buildImage, TEST_IMAGES, type Blob, type Image, type ImageSpec } from "./images.ts";

/** The name of a test image. */
export type TestImage = keyof typeof TEST_IMAGES;

/** What a registry can do wrong: answer 500, cut a blob off in the middle, or never send the end of it. */
export type RegistryFault = "error" | "truncate" | "stall";

/** A running registry. References look like `127.0.0.1:41234/web:1`. */
export interface Registry {
  /** `127.0.0.1:PORT`, open to everybody. */
  readonly address: string;
  /** `127.0.0.1:PORT` of the same images behind `user` and `password`. */
  readonly authAddress: string;
  readonly ports: readonly [number, number];
  readonly user: string;
  readonly password: string;
  /** The full reference of a test image (`auth`: behind the password). */
  ref(name: TestImage, from?: "open" | "auth"): string;
  /** Adds an image, or moves a tag to another one; gives its full reference. */
  add(name: string, image: ImageSpec | Image): string;
  /** `sha256:…` of what `name:tag` is at present. */
  digest(name: string): string;
  /** What blobs suffer from now on; null heals. */
  fault(kind: RegistryFault | null): void;
  /** How many requests for a manifest or blob came so far. */
  requests(): number;
  /** Refuses connections until `start`. */
  stop(): Promise<void>;
  /** Serves again, on the same ports. */
  start(): Promise<void>;
  /** Ends it for good. */
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const USER = "dev";
const PASSWORD = "pw";
const MANIFEST_PATH = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
const BLOB_PATH = /^\/v2\/.+\/blobs\/(sha256:[0-9a-f]{64})$/;

/** Starts a registry on free ports of 127.0.0.1 with all test images in it. */
export async function startRegistry(): Promise<Registry> {
  const registry = new LocalRegistry();
  for (const [name, spec] of Object.entries(TEST_IMAGES)) registry.add(name, spec);
  await registry.start();
  return registry;
}

class LocalRegistry implements Registry {
  readonly user = USER;
  readonly password = PASSWORD;
  ports: [number, number] = [0, 0];
  readonly #tags = new Map<string, Blob>();
  readonly #blobs = new Map<string, Blob>();
  #servers: Server[] = [];
  #fault: RegistryFault | null = null;
  #requests = 0;

  get address(): string {
    return `127.0.0.1:${this.ports[0]}`;
  }

  get authAddress(): string {
    return `127.0.0.1:${this.ports[1]}`;
  }

  ref(name: TestImage, from: "open" | "auth" = "open"): string {
    return `${from === "open" ? this.address : this.authAddress}/${name}`;
  }

  add(name: string, image: ImageSpec | Image): string {
    const made = "manifest" in image ? image : buildImage(image);
    for (const blob of [made.manifest, made.config, ...made.layers]) this.#blobs.set(blob.digest, blob);
    this.#tags.set(name, made.manifest);
    return `${this.address}/${name}`;
  }

  digest(name: string): string {
    const manifest = this.#tags.get(name);
    if (manifest === undefined) throw new Error(`the registry has no image ${name}`);
    return manifest.digest;
  }

  fault(kind: RegistryFault | null): void {
    this.#fault = kind;
  }

  requests(): number {
    return this.#requests;
  }

  async start(): Promise<void> {
    if (this.#servers.length > 0) return;
    const open = createServer((request, response) => this.#answer(request, response));
    const auth = createServer((request, response) => {
      if (request.headers.authorization === `Basic ${btoa(`${USER}:${PASSWORD}`)}`) this.#answer(request, response);
      else refuse(response, 401, "UNAUTHORIZED", "authentication required");
    });
    this.#servers = [open, auth];
    this.ports = [await listen(open, this.ports[0]), await listen(auth, this.ports[1])];
  }

  async stop(): Promise<void> {
    const closing = this.#servers.map(async (server) => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    });
    this.#servers = [];
    await Promise.all(closing);
  }

  async remove(): Promise<void> {
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? "/", "http://registry").pathname;
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (path === "/v2/") return void response.end("{}");
    const [, name = "", reference = ""] = MANIFEST_PATH.exec(path) ?? [];
    if (reference !== "") return this.#send(this.#manifest(name, reference), "MANIFEST_UNKNOWN", request, response);
    const [, digest = ""] = BLOB_PATH.exec(path) ?? [];
    if (digest !== "") return this.#send(this.#blobs.get(digest), "BLOB_UNKNOWN", request, response);
    return refuse(response, 404, "UNSUPPORTED", "this registry only serves images");
  }

  #manifest(name: string, reference: string): Blob | undefined {
    return reference.startsWith("sha256:") ? this.#blobs.get(reference) : this.#tags.get(`${name}:${reference}`);
  }

  #send(blob: Blob | undefined, missing: string, request: IncomingMessage, response: ServerResponse): void {
    this.#requests += 1;
    if (this.#fault === "error") return refuse(response, 500, "UNKNOWN", "the registry is broken on purpose");
    if (blob === undefined) return refuse(response, 404, missing, missing.toLowerCase().replace("_", " "));
    const { type, digest, bytes } = blob;
    response.writeHead(200, { "Content-Type": type, "Content-Length": bytes.length, "Docker-Content-Digest": digest });
    if (request.method === "HEAD") return void response.end();
    const half = bytes.subarray(0, bytes.length / 2);
    if (this.#fault === "truncate") return void response.write(half, () => response.destroy());
    if (this.#fault === "stall") return void response.write(half);
    return void response.end(bytes);
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  if (status === 401) response.setHeader("WWW-Authenticate", 'Basic realm="sandbox"');
  response.writeHead(status, { "Content-Type": "application/json" });
  // Without a detail, clients repeat only the code.
  response.end(JSON.stringify({ errors: [{ code, message, detail: {} }] }));
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
