/** The HTTP server of the model: hands each request to git, to the API or to the pages for people, with the faults ordered. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ClientGone, wholeBody } from "../whole-body.ts";
import { answerRequest, isWrite, type WrittenAnswer } from "./answer-request.ts";
import { ApiError } from "./api-error.ts";
import type { Exchange } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { gitRequestOf, serveGit, type GitRequest } from "./git-http.ts";
import { secondaryLimit, type RateLimits } from "./rate-limits.ts";
import { createMatcher, type Match, type Model } from "./routing.ts";
import { ROUTES } from "./routes/all-routes.ts";
import { webPage } from "./web-pages.ts";

/** As on GitHub Enterprise Server, so that one address has room for API, git and pages. */
const API_PREFIX = "/api/v3";
const MOST_BODY_BYTES = 10 * 1024 * 1024;

export interface ServerParts {
  readonly model: Model;
  readonly limits: RateLimits;
  /** Beyond as many requests at once GitHub answers with its secondary limit. */
  readonly mostConcurrent: number;
  /** Sees every exchange when it begins. */
  readonly begin: (exchange: Exchange) => void;
  /** Sees every answer of the API before it is sent. */
  readonly inspect: (exchange: Exchange) => void;
  /** A mistake of the model itself. */
  readonly fail: (error: unknown) => void;
}

export interface ApiServer {
  readonly webUrl: string;
  readonly apiUrl: string;
  close(): Promise<void>;
}

/** The sockets of a server, which faults cut. */
export interface Sockets {
  readonly all: Set<Socket>;
  readonly stalled: Set<Socket>;
}

interface Visit {
  readonly parts: ServerParts;
  readonly sockets: Sockets;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly isCrowded: boolean;
}

/** Listens on 127.0.0.1; port 0 is a free one. */
export async function startApiServer(port: number, parts: ServerParts, sockets: Sockets): Promise<ApiServer> {
  const match = createMatcher(ROUTES);
  let underWay = 0;
  const server = createServer((request, response) => {
    underWay += 1;
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "127.0.0.1"}`);
    const visit = { parts, sockets, request, response, url, isCrowded: underWay > parts.mostConcurrent };
    response.once("close", () => (underWay -= 1));
    serve(visit, match).catch((error: unknown) => {
      if (!(error instanceof ClientGone)) parts.fail(error);
      request.socket.destroy();
    });
  });
  server.on("connection", (socket) => {
    sockets.all.add(socket);
    socket.once("close", () => {
      sockets.all.delete(socket);
      sockets.stalled.delete(socket);
    });
    if (parts.model.faults.isDown()) socket.destroy();
  });
  await listening(server, port);
  const webUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { webUrl, apiUrl: `${webUrl}${API_PREFIX}`, close: () => closed(server) };
}

async function serve(visit: Visit, match: (method: string, path: string) => Match | null): Promise<void> {
  const { url, request } = visit;
  const git = gitRequestOf(url.pathname);
  if (git !== null) return serveGitVisit(visit, git);
  if (!url.pathname.startsWith(`${API_PREFIX}/`)) return webPage(visit.parts.model, url, visit.response);
  return serveApiVisit(visit, match(request.method ?? "GET", url.pathname.slice(API_PREFIX.length)));
}

async function serveGitVisit(visit: Visit, git: GitRequest): Promise<void> {
  const { parts, request, response } = visit;
  const exchange = exchangeOf(visit, null, true, undefined);
  parts.begin(exchange);
  const fault = parts.model.faults.take(exchange);
  if (meets(visit, exchange, fault)) return;
  try {
    if (fault?.kind === "status") throw new ApiError(fault.status, "Server Error");
    if (fault?.kind === "secondary-limit") throw secondaryLimit(429, fault.retryAfterSeconds);
    const answer = await serveGit(parts.model, git, request);
    if (fault?.kind === "lose-answer") return void request.socket.destroy();
    exchange.status = answer.status;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    exchange.status = error.status;
    response.writeHead(error.status, { "content-type": "text/plain", ...error.headers }).end(`${error.message}\n`);
  }
}

async function serveApiVisit(visit: Visit, match: Match | null): Promise<void> {
  const { parts, request, response, url } = visit;
  const text = (await wholeBody(request, MOST_BODY_BYTES)).toString("utf8");
  const body = parsedOrUndefined(text);
  const exchange = exchangeOf(visit, match, false, body);
  parts.begin(exchange);
  const fault = parts.model.faults.take(exchange);
  if (meets(visit, exchange, fault)) return;
  const { authorization, "if-none-match": ifNoneMatch } = request.headers;
  const asked = { method: exchange.method, url, authorization, ifNoneMatch, body, match, fault };
  const answer = await answerRequest(parts.model, parts.limits, { ...asked, isCrowded: visit.isCrowded });
  exchange.responseBody = answer.body;
  exchange.status = answer.status;
  parts.inspect(exchange);
  if (fault?.kind === "lose-answer") {
    exchange.status = null;
    request.socket.destroy();
  } else write(response, answer);
}

/** Faults that come before anything is done. */
function meets(visit: Visit, exchange: Exchange, fault: Fault | null): boolean {
  exchange.fault = fault?.kind ?? null;
  if (fault?.kind === "drop") visit.request.socket.destroy();
  if (fault?.kind === "stall") visit.sockets.stalled.add(visit.request.socket);
  return fault?.kind === "drop" || fault?.kind === "stall";
}

function exchangeOf(visit: Visit, match: Match | null, git: boolean, requestBody: unknown): Exchange {
  const { request, url, parts } = visit;
  const method = request.method ?? "GET";
  const path = `${git ? url.pathname : url.pathname.slice(API_PREFIX.length)}${url.search}`;
  return {
    method,
    path,
    operation: match?.route.operation ?? null,
    params: match?.params ?? {},
    git,
    write: !git && isWrite(method),
    atMs: parts.model.world.nowMs(),
    requestBody,
    status: null,
    responseBody: undefined,
    fault: null,
  };
}

function write(response: ServerResponse, answer: WrittenAnswer): void {
  const hasBody = answer.body !== undefined && answer.status !== 204 && answer.status !== 304;
  response.writeHead(answer.status, answer.headers).end(hasBody ? JSON.stringify(answer.body) : undefined);
}

/** A body that is not JSON is read as null: no route takes it. */
function parsedOrUndefined(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function listening(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  return promise;
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
