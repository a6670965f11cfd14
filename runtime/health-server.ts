/** The HTTP side of a daemon: `/healthz`, `/readyz`, `/metrics` and what else a program answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { OutsideError } from "./errors.ts";
import { parseListen } from "./listen-address.ts";

/** An answer to "are you well?": `ok`, and facts for whoever asks, shown as JSON. */
export interface Check {
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

/** What a route is asked. The body is whole, at most BODY_MAX_BYTES. */
export interface RouteRequest {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface RouteAnswer {
  readonly status: number;
  readonly text: string;
}

export interface HealthServerOptions {
  /** `host:port` (port 0 picks a free one), or `off`. */
  readonly listen: string;
  /** False: restart me. */
  health(): Check;
  /** False: leave me alone for now. */
  ready(): Check;
  metrics(): Promise<string>;
  /** More routes, by method and path: `{"POST /webhook": handler}`. */
  readonly routes?: Readonly<Record<string, (request: RouteRequest) => Promise<RouteAnswer> | RouteAnswer>>;
}

export interface HealthServer {
  /** The port it listens on, null when it is off. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** Requests may not carry more than this: webhooks of forges stay below 25 MB, and nothing here reads theirs. */
export const BODY_MAX_BYTES = 1_048_576;
const REQUEST_LIMIT_MS = 10_000;

/** Starts listening. Rejects with a UsageError for a bad address and an OutsideError for one that is taken. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  if (options.listen === "off") return { port: null, close: async () => {} };
  const { host, port } = parseListen(options.listen);
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS }, (req, res) => {
    void answer(options, req, res);
  });
  await listening(server, host, port);
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

async function listening(server: Server, host: string | undefined, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const hint = "Choose another with --listen, or --listen off.";
      reject(new OutsideError(`cannot listen on ${host ?? ""}:${port}`, { hint, cause }));
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(options: HealthServerOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const { status, text, type } = await route(options, req);
    res.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  } catch {
    if (res.headersSent) res.destroy();
    else res.writeHead(500, { "content-type": "text/plain" }).end("internal error\n");
  }
}

async function route(options: HealthServerOptions, req: IncomingMessage): Promise<RouteAnswer & { type: string }> {
  const path = (req.url ?? "/").split("?")[0] ?? "/";
  const method = req.method === "HEAD" ? "GET" : (req.method ?? "GET");
  switch (`${method} ${path}`) {
    case "GET /healthz":
      return checkAnswer(options.health());
    case "GET /readyz":
      return checkAnswer(options.ready());
    case "GET /metrics":
      return { status: 200, text: await options.metrics(), type: "text/plain; version=0.0.4; charset=utf-8" };
    default:
      return { ...(await ownRoute(options, req, method, path)), type: "text/plain; charset=utf-8" };
  }
}

async function ownRoute(
  { routes = {} }: HealthServerOptions,
  req: IncomingMessage,
  method: string,
  path: string,
): Promise<RouteAnswer> {
  const handler = Object.hasOwn(routes, `${method} ${path}`) ? routes[`${method} ${path}`] : undefined;
  if (handler === undefined) return { status: 404, text: "not found\n" };
  const body = await readBody(req);
  return body === null ? { status: 413, text: "too large\n" } : handler({ headers: req.headers, body });
}

async function readBody(req: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > BODY_MAX_BYTES) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function checkAnswer(check: Check): RouteAnswer & { type: string } {
  return { status: check.ok ? 200 : 503, text: `${JSON.stringify(check)}\n`, type: "application/json" };
}
