/** GitHub's API through octokit: authenticated, bounded in time, and free of cost where nothing changed. */
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { UsageError } from "#runtime/errors.ts";
import { ForgeError } from "../forge/forge-error.ts";
import { forgeError, statusOfError } from "./github-errors.ts";

/** Who the bot is. Secrets are asked for when they are needed, so that a renewed file is used. */
export type GithubIdentity =
  | { readonly kind: "token"; readonly token: () => Promise<string> }
  | { readonly kind: "app"; readonly appId: string; readonly privateKey: string };

export interface GithubOptions {
  readonly owner: string;
  readonly repo: string;
  /** Of the API, without a slash at its end. */
  readonly apiUrl: string;
  readonly identity: GithubIdentity;
  /** Aborted when the bot should end: calls under way are given up. */
  readonly signal: AbortSignal;
  /** Told what each answer says about how many requests are left. */
  readonly budget?: (left: { readonly remaining: number; readonly limit: number }) => void;
}

/** No call takes longer. */
export const CALL_LIMIT_MS = 30_000;
/** Answers kept for conditional requests. */
const CACHED_MAX = 500;
export const PER_PAGE = 100;
/** No list is read further than this. */
const PAGES_MAX = 30;

type ResponseHeaders = Readonly<Record<string, string | number | undefined>>;

interface Cached {
  readonly etag: string;
  readonly data: unknown;
}

/** Where this bot writes comments as, and what opens git. */
export interface GithubAccount {
  readonly login: string;
  /** Of the App; null for a person's token. */
  readonly appId: number | null;
}

/** One repository of GitHub. Every method rejects with a ForgeError. */
export class GithubClient {
  readonly options: GithubOptions;
  readonly #cache = new Map<string, Cached>();
  #octokit: Promise<Octokit> | null = null;
  #account: Promise<GithubAccount> | null = null;

  constructor(options: GithubOptions) {
    this.options = options;
  }

  /** Runs a call of octokit; `doing` completes "cannot …". */
  async call<T>(
    doing: string,
    use: (octokit: Octokit, repo: { owner: string; repo: string }) => Promise<T>,
  ): Promise<T> {
    try {
      const octokit = await this.#connected();
      return await use(octokit, { owner: this.options.owner, repo: this.options.repo });
    } catch (error) {
      throw error instanceof ForgeError ? error : forgeError(error, doing);
    }
  }

  /** A GET that costs no rate limit while the answer stays the same. */
  get<T>(doing: string, route: string, parameters: Record<string, string | number> = {}): Promise<T> {
    return this.call(doing, async (octokit, repo) => {
      const key = `${route} ${JSON.stringify(parameters)}`;
      const known = this.#cache.get(key);
      const headers = known === undefined ? {} : { "if-none-match": known.etag };
      try {
        // What a route does not name would go into its query.
        const named = route.includes("{owner}") ? repo : {};
        const { data, headers: got } = await octokit.request(route, {
          ...named,
          ...parameters,
          headers,
          ...this.limits(),
        });
        this.#keep(key, typeof got.etag === "string" ? { etag: got.etag, data } : null);
        return data as T;
      } catch (error) {
        if (statusOfError(error) !== 304 || known === undefined) throw error;
        this.#keep(key, known);
        return known.data as T;
      }
    });
  }

  /** Every page of a list, while `goOn` says so. */
  async pages<T>(
    doing: string,
    route: string,
    parameters: Record<string, string | number>,
    goOn: (page: readonly T[]) => boolean = () => true,
  ): Promise<T[]> {
    const all: T[] = [];
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const items = await this.get<T[]>(doing, route, { ...parameters, per_page: PER_PAGE, page });
      all.push(...items);
      if (items.length < PER_PAGE || !goOn(items)) break;
    }
    return all;
  }

  /** Who the bot is on GitHub; asked once. */
  account(): Promise<GithubAccount> {
    this.#account ??= this.#askAccount().catch((error: unknown) => {
      this.#account = null;
      throw error;
    });
    return this.#account;
  }

  /** What git takes as password. */
  gitToken(): Promise<string> {
    const { identity } = this.options;
    if (identity.kind === "token") return identity.token();
    return this.call("get a token for git", async (octokit) => {
      const { token } = (await octokit.auth({ type: "installation" })) as { token: string };
      return token;
    });
  }

  async #askAccount(): Promise<GithubAccount> {
    if (this.options.identity.kind === "token") {
      const { login } = await this.get<{ login: string }>("find out whose token this is", "GET /user");
      return { login, appId: null };
    }
    return this.call("find out which App this is", async (octokit) => {
      const { data } = await octokit.rest.apps.getAuthenticated(this.limits());
      if (data === null) throw new ForgeError("GitHub does not know this App", { advice: "wait" });
      return { login: `${data.slug ?? ""}[bot]`, appId: data.id };
    });
  }

  /** What every call of octokit gets: an end. */
  limits(): { request: { signal: AbortSignal } } {
    return { request: { signal: AbortSignal.any([this.options.signal, AbortSignal.timeout(CALL_LIMIT_MS)]) } };
  }

  #connected(): Promise<Octokit> {
    this.#octokit ??= this.#connect().catch((error: unknown) => {
      this.#octokit = null;
      throw error;
    });
    return this.#octokit;
  }

  async #connect(): Promise<Octokit> {
    const octokit = await this.#opened();
    octokit.hook.after("request", ({ headers }) => this.#tellBudget(headers));
    octokit.hook.error("request", (error) => {
      this.#tellBudget((error as { response?: { headers?: ResponseHeaders } }).response?.headers ?? {});
      throw error;
    });
    return octokit;
  }

  #tellBudget(headers: ResponseHeaders): void {
    const [remaining, limit] = [headers["x-ratelimit-remaining"], headers["x-ratelimit-limit"]].map(Number);
    if (Number.isFinite(remaining) && Number.isFinite(limit))
      this.options.budget?.({ remaining: remaining ?? 0, limit: limit ?? 0 });
  }

  async #opened(): Promise<Octokit> {
    const { identity, apiUrl, owner, repo } = this.options;
    const common = { baseUrl: apiUrl, userAgent: "gitfleet-status-bot", log: SILENT };
    if (identity.kind === "token") {
      const octokit = new Octokit(common);
      octokit.hook.before("request", async (request) => {
        request.headers["authorization"] = `token ${await identity.token()}`;
      });
      return octokit;
    }
    const { appId, privateKey } = identity;
    const app = new Octokit({ ...common, authStrategy: createAppAuth, auth: { appId, privateKey } });
    const { data } = await app.rest.apps.getRepoInstallation({ owner, repo, ...this.limits() });
    return new Octokit({
      ...common,
      authStrategy: createAppAuth,
      auth: { appId, privateKey, installationId: data.id },
    });
  }

  // The least recently used answer goes first.
  #keep(key: string, answer: Cached | null): void {
    this.#cache.delete(key);
    if (answer !== null) this.#cache.set(key, answer);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > CACHED_MAX && oldest !== undefined) this.#cache.delete(oldest);
  }
}

// The bot's own log says what matters; octokit would write to the console.
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** `owner/name` in its parts. Throws a UsageError. */
export function parseRepositoryName(text: string): { owner: string; repo: string } {
  const match = /^([A-Za-z0-9][A-Za-z0-9-]{0,99})\/([A-Za-z0-9._-]{1,100})$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" is not a repository of GitHub`, { hint: "Write owner/name." });
  return { owner: match[1] ?? "", repo: match[2] ?? "" };
}
