/** From what a person gives as `--repo` to a source that can be read. */
import { readFile } from "node:fs/promises";
import { GitError } from "./git-error.ts";
import { HttpClient } from "./http-client.ts";
import { LocalRepository } from "./local-repository.ts";
import { MIRROR_LIMITS } from "./mirror.ts";
import { authorizationOf, isRemote, remoteAddress } from "./remote-address.ts";
import { RemoteRepository } from "./remote-repository.ts";
import type { GitSource } from "./source.ts";

export interface SourceOptions {
  /** An http(s) URL or a path. */
  readonly repo: string;
  /** The token itself. */
  readonly token?: string | undefined;
  /** A file with the token, read again for each request. */
  readonly tokenFile?: string | undefined;
  /** A file with certificates (PEM) to trust as well. */
  readonly caFile?: string | undefined;
  /** Give up when nothing arrives for this long. */
  readonly idleMs?: number | undefined;
  /** So many fetches of a remote repository are folded into one; 50 when left out. */
  readonly packsMax?: number | undefined;
}

/** A server that is well says something within this time. */
export const GIT_IDLE_MS = 60_000;
/** No single request takes longer than this. */
export const GIT_LIMIT_MS = 600_000;

/** Opens a source; only paths are looked at here, servers are asked later. Rejects with a GitError. */
export async function openSource(options: SourceOptions): Promise<GitSource> {
  if (!isRemote(options.repo)) return new LocalRepository(options.repo);
  const { url, credential } = remoteAddress(options.repo);
  const ca = options.caFile === undefined ? {} : { ca: await readText(options.caFile, "--git-ca") };
  const http = new HttpClient({
    ...ca,
    idleMs: options.idleMs ?? GIT_IDLE_MS,
    limitMs: GIT_LIMIT_MS,
    authorization: async () => {
      const token =
        options.tokenFile === undefined ? options.token : await readText(options.tokenFile, "--git-token-file");
      const chosen = token === undefined || token === "" ? credential : token;
      return chosen === null ? null : authorizationOf(chosen);
    },
  });
  const { packsMax = MIRROR_LIMITS.packsMax } = options;
  return new RemoteRepository(url, http, { ...MIRROR_LIMITS, packsMax });
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new GitError("not-found", `${path}, named by ${option}, cannot be read`, { cause, hint: `Check ${option}.` });
  }
}
