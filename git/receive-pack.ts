/** The two ways to carry a push: git's smart HTTP, and git itself for a repository on this machine. */
import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { OutsideError, UsageError } from "#runtime/errors.ts";

/** Sends the request of a push (commands and pack) and gives the report of `git receive-pack`. */
export type ReceivePack = (body: Buffer) => Promise<Buffer>;

/** Where a repository takes pushes over http(s). */
export interface HttpRemote {
  /** Without credentials. */
  readonly url: string;
  /** The `Authorization` header, asked for at each push since tokens of apps expire; null for none. */
  readonly authorization: () => Promise<string | null>;
  /** More certificates (PEM) to trust, beside the usual ones. */
  readonly ca?: string | undefined;
  readonly signal?: AbortSignal;
}

/** A push that moves no byte for this long is given up. */
export const PUSH_IDLE_LIMIT_MS = 60_000;
const REPORT_MAX_BYTES = 1_048_576;

/** Pushes over smart HTTP. Redirects are not followed: a moved repository is for a person to look at. */
export function httpReceivePack(remote: HttpRemote): ReceivePack {
  return async (body) => {
    const authorization = await remote.authorization();
    const response = await send(remote, authorization, body);
    const answer = await readAll(response, remote.url);
    const status = response.statusCode ?? 0;
    if (status === 200 && response.headers["content-type"] === "application/x-git-receive-pack-result") return answer;
    throw httpError(remote.url, status);
  };
}

function send(remote: HttpRemote, authorization: string | null, body: Buffer): Promise<IncomingMessage> {
  const url = new URL(`${remote.url.replace(/\/$/, "")}/git-receive-pack`);
  const headers = {
    "content-type": "application/x-git-receive-pack-request",
    accept: "application/x-git-receive-pack-result",
    "content-length": body.length,
    "user-agent": "git/2.0 gitfleet",
    ...(authorization === null ? {} : { authorization }),
  };
  const options = {
    method: "POST",
    headers,
    timeout: PUSH_IDLE_LIMIT_MS,
    agent: agentFor(url, remote.ca),
    ...(remote.signal === undefined ? {} : { signal: remote.signal }),
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(unreachable(remote.url, cause));
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, resolve);
    request.on("error", fail);
    request.on("timeout", () => request.destroy(new Error(`no answer within ${PUSH_IDLE_LIMIT_MS} ms`)));
    request.end(body);
  });
}

// Pushes are rare: each has a connection of its own, through the proxy that the environment names.
function agentFor({ protocol }: URL, ca: string | undefined): HttpAgent {
  const shared = { timeout: PUSH_IDLE_LIMIT_MS, proxyEnv: process.env };
  if (protocol !== "https:") return new HttpAgent(shared);
  return new HttpsAgent({ ...shared, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) });
}

async function readAll(response: IncomingMessage, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += (chunk as Buffer).length;
      if (size > REPORT_MAX_BYTES) throw new Error("the answer is too long to be a report of git");
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    throw unreachable(url, cause);
  }
  return Buffer.concat(chunks);
}

function unreachable(url: string, cause: unknown): OutsideError {
  return new OutsideError(`cannot push to ${url}`, { hint: "Is the git server up and reachable from here?", cause });
}

function httpError(url: string, status: number): OutsideError {
  const hint =
    status === 401 || status === 403 || status === 404
      ? "Give a token that may write the repository's contents (--git-token-file)."
      : "Is this the address of a git repository that takes pushes over http?";
  return new OutsideError(`the git server answered the push to ${url} with ${status}`, { hint });
}

/** Pushes into a repository on this machine by git itself, which knows its hooks, rules and storage formats. */
export function localReceivePack(path: string, signal?: AbortSignal): ReceivePack {
  return (body) =>
    new Promise((resolve, reject) => {
      const child = spawn("git", ["receive-pack", "--stateless-rpc", path], {
        stdio: ["pipe", "pipe", "pipe"],
        timeout: PUSH_IDLE_LIMIT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.on("error", (cause: NodeJS.ErrnoException) => reject(localError(path, cause)));
      // A refused push may close its input early; the exit code and the report say why.
      child.stdin.on("error", () => {});
      child.on("close", (code) => {
        if (code === 0) resolve(Buffer.concat(out));
        else
          reject(localError(path, new Error(Buffer.concat(err).toString("utf8").trim() || `git ended with ${code}`)));
      });
      child.stdin.end(body);
    });
}

function localError(path: string, cause: NodeJS.ErrnoException): Error {
  if (cause.code === "ENOENT") {
    return new UsageError("git is not installed: writing to a local repository needs it", { hint: "Install git." });
  }
  return new OutsideError(`cannot write to ${path}`, { hint: "May this user write to the repository?", cause });
}
