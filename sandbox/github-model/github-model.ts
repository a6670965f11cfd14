/** A GitHub on this machine, to test and show the status bot against: the API, git over HTTP, webhooks, limits and faults. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApiServer, type ApiServer, type Sockets } from "./api-server.ts";
import { createBackground } from "./background.ts";
import { createRequestLog, type Exchange, type RequestLog } from "./exchange.ts";
import { createFaults, type Faults } from "./faults.ts";
import { addRepository, grantToken, installApp, repositoryNamed, type InstalledApp } from "./founding.ts";
import { createRateLimits, GITHUB_LIMITS, type Limits } from "./rate-limits.ts";
import { createStory, type RepositoryStory } from "./repository-story.ts";
import type { Model } from "./routing.ts";
import { createWebhooks, type Delivery, type WebhookTarget } from "./webhooks.ts";
import { emptyWorld, type Permissions } from "./world.ts";

/** Judges what goes over the wire against GitHub's own description; each sentence is a violation. */
export interface Inspector {
  exchange(exchange: Exchange): string[];
  delivery(delivery: Delivery): string[];
}

export interface GithubModelOptions {
  /** Of the account `login`; made up where it is left out. */
  readonly token?: string;
  /** Whom the token belongs to. */
  readonly login?: string;
  /** `owner/name`, of which the first is the one that the model's own stories are about. */
  readonly repositories?: readonly string[];
  readonly private?: boolean;
  readonly defaultBranch?: string;
  readonly port?: number;
  /** Since 1970; the machine's clock where it is left out. */
  readonly nowMs?: () => number;
  readonly limits?: Partial<Limits>;
  readonly inspector?: Inspector;
}

export interface GithubModel extends RepositoryStory {
  /** Of the API, without a slash at its end: what `--github-url` takes. */
  readonly url: string;
  /** For people, without a slash at its end. */
  readonly webUrl: string;
  readonly token: string;
  readonly login: string;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly deliveries: readonly Delivery[];
  /** What did not agree with GitHub's description so far. */
  readonly violations: readonly string[];
  /** Takes the violations that a test provoked. */
  takeViolations(): string[];
  repository(fullName: string): RepositoryStory;
  addToken(options: { login: string; permissions?: Permissions; repositories?: readonly string[] }): string;
  revokeToken(token: string): void;
  installApp(options?: { slug?: string; permissions?: Permissions }): InstalledApp;
  addWebhook(target: WebhookTarget): void;
  redeliver(deliveryId: string): void;
  /** Every token's hour is used up, for as long. */
  exhaustRateLimit(options?: { resetInSeconds?: number; status?: 403 | 429 }): void;
  /** Resolves when every background job and webhook is done. */
  settled(): Promise<void>;
  /** Stops everything, removes its folder, and throws where anything did not agree with the description. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the model with empty repositories (`shop/fleet` where none is named). Throws where git 2.38 or newer is missing. */
export async function startGithubModel(options: GithubModelOptions = {}): Promise<GithubModel> {
  const folder = await mkdtemp(join(tmpdir(), "gitfleet-github-"));
  try {
    return await startIn(folder, options);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(folder: string, options: GithubModelOptions): Promise<GithubModel> {
  const world = emptyWorld(options.nowMs ?? Date.now);
  const violations: string[] = [];
  const sockets: Sockets = { all: new Set(), stalled: new Set() };
  const background = createBackground();
  const faults = createFaults({ all: () => cut(sockets.all), stalled: () => cut(sockets.stalled) });
  const { inspector } = options;
  const webhooks = createWebhooks(background, faults, (delivery) =>
    violations.push(...(inspector?.delivery(delivery) ?? [])),
  );
  const model: Model = { world, faults, webhooks, background };
  const limits = createRateLimits({ ...GITHUB_LIMITS, ...options.limits }, world.nowMs);
  const log = createRequestLog();
  const names = options.repositories ?? ["shop/fleet"];
  for (const name of names) await addRepository(world, folder, name, options);
  const server = await startApiServer(
    options.port ?? 0,
    {
      model,
      limits,
      mostConcurrent: options.limits?.concurrentRequests ?? GITHUB_LIMITS.concurrentRequests,
      begin: (exchange) => log.add(exchange),
      inspect: (exchange) => violations.push(...(inspector?.exchange(exchange) ?? [])),
      fail: (error) => violations.push(`the model failed: ${error instanceof Error ? error.stack : String(error)}`),
    },
    sockets,
  );
  Object.assign(world, { apiUrl: server.apiUrl, webUrl: server.webUrl });
  const login = options.login ?? "octocat";
  const token = grantToken(world, { login }, options.token);
  const repository = (fullName: string): RepositoryStory => createStory(model, repositoryNamed(world, fullName), login);
  const stop = once(() => stopAll({ model, server, folder, violations }));
  return {
    ...repository(names[0] ?? "shop/fleet"),
    url: server.apiUrl,
    webUrl: server.webUrl,
    token,
    login,
    faults,
    requests: log,
    deliveries: webhooks.deliveries,
    violations,
    takeViolations: () => violations.splice(0),
    repository,
    addToken: (asked) => grantToken(world, asked),
    revokeToken: (revoked) => void world.grants.delete(revoked),
    installApp: (asked = {}) => installApp(world, repositoryNamed(world, names[0] ?? "shop/fleet"), asked),
    addWebhook: (target) => webhooks.add(target),
    redeliver: (id) => webhooks.redeliver(id),
    exhaustRateLimit: ({ resetInSeconds = 60, status = 403 } = {}) => limits.exhaust({ resetInSeconds, status }),
    settled: () => background.settled(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAll(running: {
  model: Model;
  server: ApiServer;
  folder: string;
  violations: string[];
}): Promise<void> {
  const { model, server, folder, violations } = running;
  model.webhooks.stop();
  await server.close();
  await model.background.settled();
  // Whatever still holds the repositories ends before the folder goes.
  for (const { git } of model.world.repositories.values()) await git.exclusive(async () => undefined);
  await rm(folder, { recursive: true, force: true });
  const all = [...violations, ...model.background.failures.map((error) => `a background job failed: ${String(error)}`)];
  if (all.length > 0) throw new Error(`not as GitHub describes it:\n${all.map((line) => `- ${line}`).join("\n")}`);
}

function cut(sockets: Sockets["all"]): void {
  for (const socket of sockets) socket.destroy();
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => (done ??= action());
}
