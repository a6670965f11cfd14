/** A real git server over HTTP on a free port (`git http-backend`), with a token and faults to order. */
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gitHttpBackend } from "./git-backend.ts";
import { wholeBody, MOST_PACK_BYTES } from "./whole-body.ts";

/** How the server misbehaves. `answer` faults hit the answers that carry packs or references. */
export type GitFault =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "rate-limited"
  | "server-error"
  | "html"
  | "redirect"
  | "drop"
  | "stall"
  | "empty"
  | "truncate"
  | "flip";

export interface GitServerOptions {
  /** The folder with the repositories; each is served under its path below it. */
  readonly root: string;
  /** Requests need it as the password (or user) of basic authentication. */
  readonly token?: string;
  /** True: the Git-Protocol header is dropped, as some proxies do, so that version 0 is spoken. */
  readonly version0?: boolean;
  /** Serves https with this certificate and key (PEM). */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface GitServer {
  /** Without a slash at its end; a repository is at `${url}/<path below root>`. */
  readonly url: string;
  readonly port: number;
  /** Set to order a fault, null for none. */
  fault: GitFault | null;
  /** Which requests the fault hits. */
  faultOn: "all" | "post";
  token: string | undefined;
  /** Requests so far. */
  readonly requests: { method: string; path: string; authorization: string | undefined }[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const STATUS: Partial<Record<GitFault, number>> = {
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  "rate-limited": 429,
  "server-error": 500,
};

/** Starts the server. Pushes are allowed to who has the token. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    handle(server, options, req, res).catch(() => res.destroy());
  };
  const http = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  const server: GitServer = {
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    fault: null,
    faultOn: "all",
    token: options.token,
    requests: [],
    close,
    [Symbol.asyncDispose]: close,
  };
  return server;
}

async function handle(
  server: GitServer,
  options: GitServerOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = new URL(req.url ?? "/", server.url);
  const method = req.method ?? "GET";
  server.requests.push({ method, path: `${url.pathname}${url.search}`, authorization: req.headers.authorization });
  const fault = server.faultOn === "all" || method === "POST" ? server.fault : null;
  if (server.token !== undefined && !hasToken(req, server.token)) return refuse(res, 401);
  const status = fault === null ? undefined : STATUS[fault];
  if (status !== undefined) return refuse(res, status);
  if (fault === "html") res.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>");
  else if (fault === "redirect") res.writeHead(301, { location: `${server.url}/elsewhere${url.pathname}` }).end();
  else if (fault === "drop") req.socket.destroy();
  else if (fault === "stall") req.resume();
  else send(res, await runBackend(options, req, url), fault);
}

function hasToken(req: IncomingMessage, token: string): boolean {
  const [scheme, encoded = ""] = (req.headers.authorization ?? "").split(" ");
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  return scheme === "Basic" && pair.split(":").includes(token);
}

function refuse(res: ServerResponse, status: number): void {
  const headers = status === 401 ? { "www-authenticate": 'Basic realm="git"' } : {};
  res.writeHead(status, headers).end(`${status}\n`);
}

interface BackendAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

async function runBackend(options: GitServerOptions, req: IncomingMessage, url: URL): Promise<BackendAnswer> {
  // Whole before git sees it: git would wait for ever for the rest from a client that goes away.
  const body = await wholeBody(req, MOST_PACK_BYTES);
  const protocol = options.version0 === true ? undefined : req.headers["git-protocol"];
  const child = spawn(gitHttpBackend(), [], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: options.root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "somebody",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: req.method,
      CONTENT_TYPE: req.headers["content-type"] ?? "",
      ...(req.headers["content-length"] === undefined ? {} : { CONTENT_LENGTH: req.headers["content-length"] }),
      ...(req.headers["content-encoding"] === undefined
        ? {}
        : { HTTP_CONTENT_ENCODING: req.headers["content-encoding"] }),
      ...(protocol === undefined ? {} : { GIT_PROTOCOL: String(protocol) }),
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_CONFIG_KEY_1: "http.receivepack",
      GIT_CONFIG_VALUE_1: "true",
    },
  });
  // It may end before it read everything.
  child.stdin.on("error", () => {});
  child.stdin.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  return parseCgi(Buffer.concat(chunks));
}

function parseCgi(output: Buffer): BackendAnswer {
  const end = output.indexOf("\r\n\r\n");
  const lines = output.toString("latin1", 0, Math.max(end, 0)).split("\r\n");
  const pairs = lines.filter((line) => line.includes(": ")).map((line) => line.split(/: (.*)/s, 2) as [string, string]);
  const { Status, ...headers } = Object.fromEntries(pairs);
  return { status: Number.parseInt(Status ?? "200", 10), headers, body: output.subarray(end + 4) };
}

function send(res: ServerResponse, { status, headers, body }: BackendAnswer, fault: GitFault | null): void {
  res.writeHead(status, headers);
  if (fault === "empty") res.end();
  else if (fault === "truncate") res.end(body.subarray(0, Math.floor(body.length * 0.7)));
  else res.end(fault === "flip" ? withFlippedByte(body) : body);
}

function withFlippedByte(body: Buffer): Buffer {
  const flipped = Buffer.from(body);
  const at = Math.floor(flipped.length * 0.8);
  flipped[at] = (flipped[at] ?? 0) ^ 0x55;
  return flipped;
}
