/** From settings to what opens the repository and the forge: who the bot is, for git and for GitHub. */
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { HttpClient } from "#git/http-client.ts";
import { LocalRepository } from "#git/local-repository.ts";
import { GIT_IDLE_MS, GIT_LIMIT_MS } from "#git/open-source.ts";
import { httpReceivePack, localReceivePack, type ReceivePack } from "#git/receive-pack.ts";
import { authorizationOf, isRemote, remoteAddress } from "#git/remote-address.ts";
import { RemoteRepository } from "#git/remote-repository.ts";
import type { GitSource } from "#git/source.ts";
import { errorText, OutsideError, UsageError } from "#runtime/errors.ts";
import type { StatusBotSettings } from "./config.ts";
import { GithubClient, parseRepositoryName, type GithubIdentity, type GithubOptions } from "./github/client.ts";

/** How the repository is read and written. */
export interface RepositoryAccess {
  /** A source of its own for each use: what one fetches is not mixed into what another holds. */
  source(): GitSource;
  receivePack(signal: AbortSignal): ReceivePack;
}

/** Opens nothing yet. Throws a UsageError for an address or a file that cannot be used. */
export function repositoryAccess(settings: StatusBotSettings, client: GithubClient | null): RepositoryAccess {
  if (!isRemote(settings.repo)) return localAccess(settings.repo);
  const { url, credential } = usable(() => remoteAddress(settings.repo));
  const ca = settings.gitCa === undefined ? {} : { ca: textOf(settings.gitCa, "--git-ca") };
  const authorization = async (): Promise<string | null> => {
    const token = (await gitToken(settings, client)) ?? credential;
    return token === null ? null : authorizationOf(token);
  };
  return {
    source: () =>
      new RemoteRepository(url, new HttpClient({ ...ca, idleMs: GIT_IDLE_MS, limitMs: GIT_LIMIT_MS, authorization })),
    receivePack: (signal) => httpReceivePack({ url, authorization, signal, ...ca }),
  };
}

function localAccess(path: string): RepositoryAccess {
  usable(() => new LocalRepository(path));
  return { source: () => new LocalRepository(path), receivePack: (signal) => localReceivePack(path, signal) };
}

function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const hint = (error as { hint?: string }).hint;
    throw new UsageError(errorText(error), { hint, cause: error });
  }
}

// What is given for git comes first; without it the forge's own token opens its repositories, too.
async function gitToken(settings: StatusBotSettings, client: GithubClient | null): Promise<string | null> {
  if (settings.gitTokenFile !== undefined) return secretIn(settings.gitTokenFile, "--git-token-file");
  if (settings.gitToken !== undefined) return settings.gitToken;
  return client === null ? null : client.gitToken();
}

/** The client of GitHub, null where the settings name no repository there. Throws a UsageError. */
export function githubClient(
  settings: StatusBotSettings,
  around: Pick<GithubOptions, "signal" | "budget">,
): GithubClient | null {
  if (settings.github === undefined) return null;
  const apiUrl = settings.githubUrl.replace(/\/+$/, "");
  return new GithubClient({
    ...parseRepositoryName(settings.github),
    apiUrl,
    identity: identityOf(settings),
    ...around,
  });
}

function identityOf(settings: StatusBotSettings): GithubIdentity {
  const { githubAppId: appId, githubAppKeyFile: keyFile } = settings;
  if ((appId === undefined) !== (keyFile === undefined)) {
    throw new UsageError("--github-app-id and --github-app-key-file go together");
  }
  if (appId !== undefined && keyFile !== undefined) {
    return { kind: "app", appId, privateKey: textOf(keyFile, "--github-app-key-file") };
  }
  return { kind: "token", token: githubToken(settings) };
}

function githubToken(settings: StatusBotSettings): () => Promise<string> {
  const { githubTokenFile, githubToken: token, gitTokenFile, gitToken: ofGit } = settings;
  if (githubTokenFile !== undefined) return () => secretIn(githubTokenFile, "--github-token-file");
  if (token !== undefined) return async () => token;
  if (gitTokenFile !== undefined) return () => secretIn(gitTokenFile, "--git-token-file");
  if (ofGit !== undefined) return async () => ofGit;
  throw new UsageError("there is no token for GitHub", {
    hint: "Give --github-token-file FILE (or GITFLEET_GITHUB_TOKEN), or an App with --github-app-id and --github-app-key-file.",
  });
}

async function secretIn(path: string, option: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new OutsideError(`${path}, named by ${option}, cannot be read`, { hint: `Check ${option}.`, cause });
  }
}

/** A file that must be there when the bot starts. */
export function textOf(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new UsageError(`${path}, named by ${option}, cannot be read`, { hint: `Check ${option}.`, cause });
  }
}
