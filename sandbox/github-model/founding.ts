/** Brings repositories, tokens and the App into a world. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { GitRepository } from "./git-repository.ts";
import { accountNamed, PERMISSIONS, type App, type Permissions, type Repository, type World } from "./world.ts";

/** A GitHub App with its key, installed on every repository. */
export interface InstalledApp {
  readonly id: number;
  readonly installationId: number;
  readonly privateKey: string;
  /** How its comments are signed. */
  readonly login: string;
  /** No token of it opens anything any longer. */
  revokeTokens(): void;
}

const EVERYTHING_WRITABLE: Permissions = Object.fromEntries(
  // Checks are written by Apps alone.
  PERMISSIONS.map((name) => [name, name === "checks" ? "read" : "write"]),
);
const APP_PERMISSIONS: Permissions = {
  checks: "write",
  contents: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
};

/** Makes an empty repository in `folder`. Its owner is an organisation. */
export async function addRepository(
  world: World,
  folder: string,
  fullName: string,
  options: { readonly defaultBranch?: string; readonly private?: boolean },
): Promise<void> {
  const [ownerName = "", name = ""] = fullName.split("/");
  const owner = accountNamed(world, ownerName, "Organization");
  const defaultBranch = options.defaultBranch ?? "main";
  const nowMs = world.nowMs();
  const repository: Repository = {
    id: world.nextId(),
    owner,
    name,
    fullName,
    isPrivate: options.private ?? true,
    defaultBranch,
    createdAtMs: nowMs,
    pushedAtMs: nowMs,
    git: await GitRepository.create(join(folder, `${world.repositories.size}.git`), defaultBranch),
    pulls: new Map(),
    comments: new Map(),
    statuses: new Map(),
    checkRuns: new Map(),
    requiredContexts: new Map(),
  };
  world.repositories.set(fullName.toLowerCase(), repository);
}

/** Throws where there is none. */
export function repositoryNamed(world: World, fullName: string): Repository {
  const found = world.repositories.get(fullName.toLowerCase());
  if (found === undefined) throw new Error(`there is no repository ${fullName}; name it when the model is started`);
  return found;
}

/** Gives a token: everything but checks, on every repository, where nothing narrower is asked. */
export function grantToken(
  world: World,
  asked: { login: string; permissions?: Permissions; repositories?: readonly string[] },
  token = `github_pat_${randomBytes(12).toString("hex")}`,
): string {
  world.grants.set(token, {
    token,
    account: accountNamed(world, asked.login),
    kind: "user",
    permissions: asked.permissions ?? EVERYTHING_WRITABLE,
    repositories:
      asked.repositories === undefined ? "all" : new Set(asked.repositories.map((name) => name.toLowerCase())),
    expiresAtMs: null,
  });
  return token;
}

/** Makes the App of this world, with a new key; the tokens of an earlier one stay. */
export function installApp(
  world: World,
  repository: Repository,
  asked: { slug?: string; permissions?: Permissions },
): InstalledApp {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const slug = asked.slug ?? "gitfleet";
  const bot = accountNamed(world, `${slug}[bot]`, "Bot");
  const app: App = {
    id: world.nextId(),
    slug,
    owner: repository.owner,
    bot,
    installationId: world.nextId(),
    permissions: asked.permissions ?? APP_PERMISSIONS,
    publicKeyPem: publicKey,
    createdAtMs: world.nowMs(),
  };
  world.app = app;
  const revokeTokens = (): void => {
    for (const { token, kind } of world.grants.values()) if (kind === "installation") world.grants.delete(token);
  };
  return { id: app.id, installationId: app.installationId, privateKey, login: bot.login, revokeTokens };
}
