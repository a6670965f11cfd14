/** Requests to a git server: with time-outs, bounds, proxies and one's own authority, and errors that tell cases apart. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ClientRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { GitError } from "./git-error.ts";
import { networkError, redirectError, statusError } from "./http-errors.ts";

export interface HttpClientOptions {
  /** More certificates (PEM) to trust, beside the usual ones. */
  readonly ca?: string;
  /** No byte for this long: given up. */
  readonly idleMs: number;
  /** A whole request may not take longer. */
  readonly limitMs: number;
  /** Asked before each request, so that a token that is renewed is used; null for none. */
  readonly authorization: () => Promise<string | null>;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A POST where it is given. */
  readonly body?: string;
  /** Answers with another content type are not git's. */
  readonly expectType: string;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    // Node's own agent gives up after five seconds without a byte, which a busy server needs now and then.
    const shared = { keepAlive: true, timeout: options.idleMs, proxyEnv: process.env };
    this.#http = new HttpAgent(shared);
    const ca = options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] };
    this.#https = new HttpsAgent({ ...shared, ...ca });
  }

  /** The whole body of a 200 answer. Rejects with a GitError of a kind for each way to fail. */
  async fetch(request: HttpRequest): Promise<Buffer> {
    const authorization = await this.#options.authorization();
    const auth = authorization === null ? {} : { authorization };
    const limit = AbortSignal.timeout(this.#options.limitMs);
    const signal = request.signal === undefined ? limit : AbortSignal.any([request.signal, limit]);
    try {
      return await this.#exchange(request, { ...request.headers, ...auth }, signal);
    } catch (error) {
      if (request.signal?.aborted === true) throw new GitError("aborted", "reading the repository was stopped");
      if (limit.aborted) throw stalled(request.url, this.#options.limitMs);
      throw error instanceof GitError ? error : networkError(request.url, error);
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #exchange(request: HttpRequest, headers: Record<string, string>, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const sent = this.#open(request, headers, signal);
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(stalled(request.url, this.#options.idleMs)));
      sent.on("response", (answer) => {
        readAnswer(request, answer).then(resolve, (error: unknown) => {
          reject(error);
          sent.destroy();
        });
      });
      sent.end(request.body);
    });
  }

  #open({ url, body }: HttpRequest, headers: Record<string, string>, signal: AbortSignal): ClientRequest {
    const target = new URL(url);
    const common = { method: body === undefined ? "GET" : "POST", headers, signal, timeout: this.#options.idleMs };
    if (target.protocol === "https:") return httpsRequest(target, { ...common, agent: this.#https });
    return httpRequest(target, { ...common, agent: this.#http });
  }
}

async function readAnswer(request: HttpRequest, answer: IncomingMessage): Promise<Buffer> {
  const status = answer.statusCode ?? 0;
  if (status >= 300 && status < 400) throw redirectError(request.url, answer.headers.location);
  if (status !== 200) throw statusError(request.url, status, answer.headers["retry-after"]);
  const type = (answer.headers["content-type"] ?? "").split(";")[0]?.trim();
  if (type !== request.expectType) throw notGit(request.url, type);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > request.maxBytes) {
      throw new GitError("too-large", `the answer of ${request.url} is larger than ${request.maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function notGit(url: string, type: string | undefined): GitError {
  return new GitError(
    "not-git",
    `${url} answers with ${type === undefined || type === "" ? "no content type" : type}, not as a git server`,
    {
      hint: "Check the URL: a login page or a proxy may stand in between.",
    },
  );
}

function stalled(url: string, afterMs: number): GitError {
  return new GitError("stalled", `${url} sent nothing more for ${afterMs} ms`, {
    hint: "It is asked again by itself.",
  });
}
