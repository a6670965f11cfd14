/** Serves a bare repository over smart HTTP with git's own `http-backend`, and sees what a push moved. */
import { spawn } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { gitHttpBackend } from "../git-backend.ts";
import { wholeBody, MOST_PACK_BYTES } from "../whole-body.ts";
import { refChanges } from "./git-objects.ts";
import { gitEnvironment } from "./run-git.ts";
import { actorOf, allows, type Actor } from "./actor.ts";
import { ApiError } from "./api-error.ts";
import { followRefChanges } from "./ref-changes.ts";
import type { Model } from "./routing.ts";
import { accountNamed, type Repository, type World } from "./world.ts";

const GIT_PATH = /^\/([^/]+\/[^/]+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;
const BACKEND_LIMIT_MS = 120_000;

export interface GitRequest {
  readonly name: string;
  readonly service: string;
}

/** The repository and service of a path, or null where it is not git's. */
export function gitRequestOf(path: string): GitRequest | null {
  const [, name = "", service = ""] = GIT_PATH.exec(path) ?? [];
  return service === "" ? null : { name, service };
}

/** Answers one request of a git client; throws an `ApiError` for who may not ask. */
export async function serveGit(model: Model, asked: GitRequest, request: IncomingMessage): Promise<BackendAnswer> {
  const url = new URL(request.url ?? "/", model.world.webUrl);
  const isPush = `${asked.service}${url.search}`.includes("git-receive-pack");
  const { repository, actor } = admit(model.world, asked, request.headers.authorization, isPush);
  // Before its turn: who sends slowly, or goes away, must not keep everybody else waiting.
  const backend = { repository, service: asked.service, url, body: await wholeBody(request, MOST_PACK_BYTES) };
  if (asked.service !== "/git-receive-pack") return runBackend(backend, request);
  const pusher = actor.kind === "granted" ? actor.grant.account : accountNamed(model.world, "ghost");
  // Answered when everything that follows has followed, so that whoever pushed sees it.
  return repository.git.exclusive(async () => {
    const before = await repository.git.refs();
    const answer = await runBackend(backend, request);
    await followRefChanges(model, repository, refChanges(before, await repository.git.refs()), pusher);
    return answer;
  });
}

/** GitHub's answers: 401 without a token or with a bad one, 404 where it may not be seen, 403 where it may not be pushed to. */
function admit(
  world: World,
  asked: GitRequest,
  authorization: string | undefined,
  isPush: boolean,
): { repository: Repository; actor: Actor } {
  const actor = gitActor(world, authorization);
  const repository = world.repositories.get(asked.name.toLowerCase());
  const isOpen = repository !== undefined && !repository.isPrivate && !isPush;
  if (actor.kind !== "granted") {
    if (isOpen) return { repository, actor };
    throw signIn();
  }
  const { grant } = actor;
  const sees = grant.repositories === "all" || grant.repositories.has(asked.name.toLowerCase());
  if (repository === undefined || (!sees && !isOpen)) throw new ApiError(404, "Repository not found.");
  if (isOpen || allows(grant, "contents", isPush ? "write" : "read")) return { repository, actor };
  throw new ApiError(403, "Write access to repository not granted.");
}

function gitActor(world: World, authorization: string | undefined): Actor {
  try {
    return actorOf(world, authorization);
  } catch {
    throw signIn();
  }
}

function signIn(): ApiError {
  return new ApiError(401, "Invalid username or token.", { headers: { "www-authenticate": 'Basic realm="GitHub"' } });
}

export interface BackendAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface BackendRequest {
  readonly repository: Repository;
  readonly service: string;
  readonly url: URL;
  readonly body: Buffer;
}

// git is started when its input is there: it never waits for a client that went away.
async function runBackend(
  { repository, service, url, body }: BackendRequest,
  { method, headers }: IncomingMessage,
): Promise<BackendAnswer> {
  const child = spawn(gitHttpBackend(), [], {
    stdio: ["pipe", "pipe", "ignore"],
    timeout: BACKEND_LIMIT_MS,
    killSignal: "SIGKILL",
    env: {
      ...gitEnvironment(),
      GIT_PROJECT_ROOT: repository.git.path,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: service,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: method,
      REMOTE_USER: "git",
      CONTENT_TYPE: headers["content-type"] ?? "",
      ...named("CONTENT_LENGTH", headers["content-length"]),
      ...named("HTTP_CONTENT_ENCODING", headers["content-encoding"]),
      ...named("GIT_PROTOCOL", headers["git-protocol"]),
    },
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  return parseCgi(Buffer.concat(chunks));
}

function named(name: string, value: string | string[] | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: String(value) };
}

function parseCgi(output: Buffer): BackendAnswer {
  const end = output.indexOf("\r\n\r\n");
  if (end < 0) throw new Error("git http-backend ended without an answer");
  const lines = output.toString("latin1", 0, end).split("\r\n");
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(":")).toLowerCase(),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  const { status = "200", ...headers } = Object.fromEntries(pairs) as Record<string, string>;
  return { status: Number.parseInt(status, 10), headers, body: output.subarray(end + 4) };
}
