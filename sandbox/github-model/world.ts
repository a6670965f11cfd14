/** Everything the model of GitHub knows: accounts, tokens, repositories and what was said about them. */
import type { GitRepository } from "./git-repository.ts";

/** A person, an organisation, or the bot that an App speaks as. */
export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Organization" | "Bot";
}

export const PERMISSIONS = ["checks", "contents", "issues", "metadata", "pull_requests", "statuses"] as const;
export type PermissionName = (typeof PERMISSIONS)[number];
export type Level = "read" | "write";
/** What a token may do, in the words of fine-grained tokens and Apps. */
export type Permissions = Partial<Record<PermissionName, Level>>;

/** A token and what it opens. */
export interface Grant {
  readonly token: string;
  readonly account: Account;
  readonly kind: "user" | "installation";
  readonly permissions: Permissions;
  /** Full names in lower case, or every repository. */
  readonly repositories: ReadonlySet<string> | "all";
  readonly expiresAtMs: number | null;
}

/** The one GitHub App of this world, installed once, on every repository. */
export interface App {
  readonly id: number;
  readonly slug: string;
  readonly owner: Account;
  readonly bot: Account;
  readonly installationId: number;
  readonly permissions: Permissions;
  readonly publicKeyPem: string;
  readonly createdAtMs: number;
}

export type StatusState = "error" | "failure" | "pending" | "success";

export interface CommitStatus {
  readonly id: number;
  readonly sha: string;
  readonly state: StatusState;
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: Account;
  readonly createdAtMs: number;
}

export interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number | undefined;
  readonly end_column?: number | undefined;
  readonly annotation_level: "notice" | "warning" | "failure";
  readonly message: string;
  readonly title?: string | undefined;
  readonly raw_details?: string | undefined;
}

export interface CheckRun {
  readonly id: number;
  readonly headSha: string;
  name: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: string | null;
  detailsUrl: string | null;
  externalId: string | null;
  startedAtMs: number;
  completedAtMs: number | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  readonly annotations: Annotation[];
}

export interface Comment {
  readonly id: number;
  readonly pullNumber: number;
  readonly author: Account;
  readonly viaApp: boolean;
  readonly createdAtMs: number;
  body: string;
  updatedAtMs: number;
}

/** `unknown` until somebody asks and the background job has run. */
export type Mergeability = "unknown" | "clean" | "conflicting";

export interface PullRequest {
  readonly id: number;
  readonly number: number;
  readonly author: Account;
  readonly createdAtMs: number;
  readonly headRef: string;
  title: string;
  body: string | null;
  baseRef: string;
  headSha: string;
  baseSha: string;
  state: "open" | "closed";
  updatedAtMs: number;
  closedAtMs: number | null;
  mergedAtMs: number | null;
  mergedBy: Account | null;
  /** Of the test merge while open; of what landed once merged. Stale while the pull request conflicts. */
  mergeCommitSha: string | null;
  mergeability: Mergeability;
}

export interface Repository {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly fullName: string;
  readonly isPrivate: boolean;
  readonly defaultBranch: string;
  readonly createdAtMs: number;
  readonly git: GitRepository;
  readonly pulls: Map<number, PullRequest>;
  readonly comments: Map<number, Comment>;
  /** By sha, oldest first. */
  readonly statuses: Map<string, CommitStatus[]>;
  readonly checkRuns: Map<number, CheckRun>;
  /** Branch → contexts without whose success nothing merges. */
  readonly requiredContexts: Map<string, readonly string[]>;
  pushedAtMs: number;
}

export interface World {
  readonly nowMs: () => number;
  readonly nextId: () => number;
  /** Without a slash at the end: `http://127.0.0.1:4000/api/v3`. */
  apiUrl: string;
  /** Without a slash at the end: `http://127.0.0.1:4000`. */
  webUrl: string;
  readonly accounts: Map<string, Account>;
  readonly grants: Map<string, Grant>;
  /** By full name in lower case. */
  readonly repositories: Map<string, Repository>;
  app: App | null;
}

/** A world without anybody in it. Ids count up from 1, so that two runs tell the same story. */
export function emptyWorld(nowMs: () => number): World {
  let lastId = 0;
  return {
    nowMs,
    nextId: () => (lastId += 1),
    apiUrl: "",
    webUrl: "",
    accounts: new Map(),
    grants: new Map(),
    repositories: new Map(),
    app: null,
  };
}

/** The account of this login, made when there is none. */
export function accountNamed(world: World, login: string, type: Account["type"] = "User"): Account {
  const known = world.accounts.get(login.toLowerCase());
  if (known !== undefined) return known;
  const account: Account = { id: world.nextId(), login, type };
  world.accounts.set(login.toLowerCase(), account);
  return account;
}

/** The latest status of each context of a commit, in order of context. */
export function latestStatuses(repository: Repository, sha: string): CommitStatus[] {
  const latest = new Map((repository.statuses.get(sha) ?? []).map((status) => [status.context, status]));
  return [...latest.values()].toSorted((a, b) => (a.context < b.context ? -1 : 1));
}
