/** Credentials for registries, from where podman, skopeo and docker keep them. Never logged, never kept. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a registry asks for. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The credentials whose key fits `image` best, from the first file that has any; null for none. */
export async function credentialsFor(image: string, env: Environment): Promise<Credentials | null> {
  for (const path of authFiles(env)) {
    const found = credentialsIn(await readFile(path, "utf8").catch(() => "{}"), image);
    if (found !== null) return found;
  }
  return null;
}

/** The files in the order in which container tools read them. */
export function authFiles(env: Environment): string[] {
  const home = env.HOME ?? "/root";
  return [
    env.REGISTRY_AUTH_FILE,
    env.XDG_RUNTIME_DIR === undefined ? undefined : join(env.XDG_RUNTIME_DIR, "containers/auth.json"),
    "/run/containers/0/auth.json",
    join(env.XDG_CONFIG_HOME ?? join(home, ".config"), "containers/auth.json"),
    join(env.DOCKER_CONFIG ?? join(home, ".docker"), "config.json"),
  ].filter((path): path is string => path !== undefined && path !== "");
}

/** The credentials for `image` in the text of one file. A torn file has none. */
export function credentialsIn(text: string, image: string): Credentials | null {
  let auths: Record<string, unknown>;
  try {
    auths = (JSON.parse(text) as { auths?: Record<string, unknown> }).auths ?? {};
  } catch {
    return null;
  }
  const name = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  const fitting = Object.keys(auths)
    .filter((key) => fits(plainKey(key), name))
    .toSorted((a, b) => plainKey(b).length - plainKey(a).length);
  for (const key of fitting) {
    const found = decoded(auths[key]);
    if (found !== null) return found;
  }
  return null;
}

// A key is a registry, or a path within one: `quay.io/team` is for `quay.io/team/web`, not for `quay.io/teams/web`.
function fits(key: string, name: string): boolean {
  return name === key || name.startsWith(`${key}/`);
}

/** Older files wrote keys as URLs; Docker Hub has a name of its own. */
function plainKey(key: string): string {
  const plain = key
    .replace(/^https?:\/\//, "")
    .replace(/\/v[12]\/?$/, "")
    .replace(/\/+$/, "");
  return plain === "index.docker.io" ? "docker.io" : plain;
}

function decoded(entry: unknown): Credentials | null {
  const { auth } = (entry ?? {}) as { auth?: unknown };
  if (typeof auth !== "string") return null;
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 1 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
