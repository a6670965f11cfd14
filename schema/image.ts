/** Image references, as they stand in a score. */

/** The parts of an image reference that names its registry. */
export interface ImageReference {
  /** Host and optional port. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:` and hex. */
  readonly digest: string | null;
}

const REFERENCE_MAX_LENGTH = 512;
const PORT_MAX = 65_535;
const HOST =
  /^(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const REPOSITORY_PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The reference that `text` is, or null where it is none. It names its registry, and has a tag, a digest or both. */
export function parseImage(text: string): ImageReference | null {
  const parsed = readImage(text);
  return typeof parsed === "string" ? null : parsed;
}

/** Why `text` is no image reference, as a sentence, or null where it is one. */
export function imageFault(text: string): string | null {
  const parsed = readImage(text);
  return typeof parsed === "string" ? parsed : null;
}

function readImage(text: string): ImageReference | string {
  if (text.length > REFERENCE_MAX_LENGTH) return `an image reference is at most ${REFERENCE_MAX_LENGTH} characters`;
  const [beforeDigest = "", digest = null, ...rest] = text.split("@");
  if (rest.length > 0 || (digest !== null && !DIGEST.test(digest))) {
    return "the digest of an image is @sha256: and 64 lower-case hex digits";
  }
  const slash = beforeDigest.indexOf("/");
  const registry = beforeDigest.slice(0, Math.max(slash, 0));
  if (!isRegistry(registry)) return unnamedRegistry(beforeDigest, slash);
  return readRepository(registry, beforeDigest.slice(slash + 1), digest);
}

function readRepository(registry: string, text: string, digest: string | null): ImageReference | string {
  const colon = text.indexOf(":");
  const repository = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? null : text.slice(colon + 1);
  if (!repository.split("/").every((part) => REPOSITORY_PART.test(part))) {
    return "the path of an image is lower-case letters, digits and single separators, such as docker.io/library/nginx:1.27";
  }
  if (tag !== null && !TAG.test(tag)) return "the tag of an image is 1 to 128 of letters, digits, _, . and -";
  if (tag === null && digest === null) return "an image needs a tag or a digest: a name alone moves by itself";
  return { registry, repository, tag, digest };
}

/** The first part is a registry where it looks like a host, as container tools decide it. */
function isRegistry(text: string): boolean {
  const port = Number(/:(\d+)$/.exec(text)?.[1] ?? 1);
  const isHost = text === "localhost" || text.includes(".") || text.includes(":");
  return HOST.test(text) && isHost && port >= 1 && port <= PORT_MAX;
}

function unnamedRegistry(name: string, slash: number): string {
  if (/^[a-z]+:\/\//.test(name)) return "an image is written without https://, such as docker.io/library/nginx:1.27";
  const full = slash < 0 ? `docker.io/library/${name}` : `docker.io/${name}`;
  const isMeant = parseImage(full) !== null || parseImage(`${full}:tag`) !== null;
  return isMeant
    ? `an image names its registry; did you mean "${full}"?`
    : "an image is written as registry/path:tag, such as docker.io/library/nginx:1.27";
}
