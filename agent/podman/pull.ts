/** Pulls an image. podman 4 answers 200 to every pull and puts errors into the stream: both places are looked at. */
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { parseImage } from "#schema/image.ts";
import { credentialsFor } from "./auth-file.ts";
import { CALL_LIMIT_MS, ask, limited, type Podman } from "./client.ts";
import { isMissing } from "./problem.ts";

/** A registry that says nothing for so long has gone; short names and dead networks take podman 83 s. */
const STALLED_AFTER_MS = 3 * 60_000;
const LINE_MAX_CHARS = 1_048_576;

/** The image as it is on the device now. */
export interface PulledImage {
  readonly id: string;
  /** False where it was there before. */
  readonly isNew: boolean;
}

/** Pulls `image`, or finds it. Rejects with podman's error. */
export async function pull(
  podman: Podman,
  { image, policy, signal }: { image: string; policy: "always" | "missing"; signal: AbortSignal },
): Promise<PulledImage> {
  const present = await imageId(podman, image, signal);
  if (present !== null && (policy === "missing" || isFixed(image))) return { id: present, isNew: false };
  const before = new Set((await images(podman, signal)).map(({ Id }) => Id));
  await fetchImage(podman, image, signal);
  const id = await imageId(podman, image, signal);
  if (id === null) throw new Error(`podman pulled ${image}, but does not have it; pull it by hand to see why`);
  return { id, isNew: !before.has(id) };
}

/** What a registry cannot change: a digest, and images that were built on the device. */
function isFixed(image: string): boolean {
  const reference = parseImage(image);
  return reference !== null && (reference.digest !== null || reference.registry === "localhost");
}

/** `sha256:…` of an image that is on the device, or null. */
export async function imageId(podman: Podman, image: string, signal: AbortSignal): Promise<string | null> {
  try {
    const found = (await ask(podman, { method: "GET", path: `/images/${image}/json`, signal })) as { Id: string };
    return found.Id;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Removes an image by its id; gone already is done. Rejects with 409 where something uses it. */
export async function removeImage({ docker }: Podman, id: string, signal: AbortSignal): Promise<void> {
  try {
    await docker.getImage(id).remove({ abortSignal: limited(signal, CALL_LIMIT_MS * 4) });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function images({ docker }: Podman, signal: AbortSignal): Promise<Docker.ImageInfo[]> {
  return await docker.listImages({ all: true, abortSignal: limited(signal, CALL_LIMIT_MS) });
}

async function fetchImage({ docker }: Podman, image: string, signal: AbortSignal): Promise<void> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALLED_AFTER_MS);
  const moved = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), STALLED_AFTER_MS);
  };
  try {
    const authconfig = await credentialsFor(image, process.env);
    const abortSignal = AbortSignal.any([signal, stalled.signal]);
    const stream = (await docker.pull(image, {
      ...(authconfig === null ? {} : { authconfig }),
      abortSignal,
    })) as Readable;
    await scan(stream, moved);
  } catch (error) {
    if (stalled.signal.aborted)
      throw new Error(`the registry sent nothing for ${STALLED_AFTER_MS / 60_000} minutes`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function scan(stream: Readable, moved: () => void): Promise<void> {
  let rest = "";
  for await (const chunk of stream) {
    moved();
    const lines = (rest + String(chunk)).slice(-LINE_MAX_CHARS).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(check);
  }
  check(rest);
}

function check(line: string): void {
  if (line.trim() === "") return;
  let message: { error?: unknown; errorDetail?: { message?: unknown } };
  try {
    message = JSON.parse(line) as typeof message;
  } catch {
    return;
  }
  const error = message.error ?? message.errorDetail?.message;
  if (typeof error === "string" && error !== "") throw new Error(error);
}
