/** GitHub's own client, pointed at the model, with what every test asks of an answer. */
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import type { InstalledApp } from "#sandbox/github-model/founding.ts";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";

/** The repository that a model has where none is named. */
export const FLEET = { owner: "shop", repo: "fleet" } as const;

/** Answers of the client are errors above 399; these are values. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** A client with a token (the model's own where none is given). */
export function clientOf(github: GithubModel, token = github.token): Octokit {
  return new Octokit({ auth: token, baseUrl: github.url, log: QUIET });
}

/** A client that sends no token. */
export function strangerOf(github: GithubModel): Octokit {
  return new Octokit({ baseUrl: github.url, log: QUIET });
}

/** A client that is the App, and its installation where a repository is meant. */
export function appClientOf(github: GithubModel, app: InstalledApp): Octokit {
  const auth = { appId: app.id, privateKey: app.privateKey, installationId: app.installationId };
  return new Octokit({ authStrategy: createAppAuth, auth, baseUrl: github.url, log: QUIET });
}

/** What a request was refused with. Throws where it was not refused, or never answered. */
export async function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  try {
    await request;
  } catch (error) {
    const { status, message, response } = error as Error & { status?: number; response?: Pick<Refusal, "headers"> };
    if (status === undefined || response === undefined) throw error;
    return { status, message, headers: response.headers };
  }
  throw new Error("the request was answered and should have been refused");
}

/** Waits until the model has computed whether the pull request can be merged, as a client has to. */
export async function judgedPull(github: GithubModel, octokit: Octokit, pullNumber: number): Promise<JudgedPull> {
  for (let asked = 0; asked < 5; asked += 1) {
    await github.settled();
    const { data } = await octokit.rest.pulls.get({ ...FLEET, pull_number: pullNumber });
    if (data.mergeable !== null) return data;
  }
  throw new Error(`the model does not find out whether #${pullNumber} can be merged`);
}

type JudgedPull = Awaited<ReturnType<Octokit["rest"]["pulls"]["get"]>>["data"];

const nothing = (): void => undefined;
const QUIET = { debug: nothing, info: nothing, warn: nothing, error: nothing };
