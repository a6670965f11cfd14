/** One request and its answer, as the log keeps them and as GitHub's description judges them. */

/** The log forgets its oldest beyond as many. */
export const MOST_EXCHANGES = 10_000;

export interface Exchange {
  readonly method: string;
  /** Below the API's address, with its query: `/repos/shop/fleet/pulls?state=open`. For git, below the server's. */
  readonly path: string;
  /** `GET /repos/{owner}/{repo}`; null where no route answers, and for git. */
  readonly operation: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly git: boolean;
  /** POST, PATCH, PUT and DELETE of the API. */
  readonly write: boolean;
  /** Since 1970. */
  readonly atMs: number;
  readonly requestBody: unknown;
  /** Null where no answer was sent. */
  status: number | null;
  responseBody: unknown;
  /** What went wrong by order of a test. */
  fault: string | null;
}

/** The log of a model, with the counts that tests ask for. */
export interface RequestLog extends Iterable<Exchange> {
  readonly all: readonly Exchange[];
  /** Writes that were carried out, those whose answer was lost included. */
  writes(): Exchange[];
  /** By operation, such as `GET /repos/{owner}/{repo}/pulls`. */
  of(operation: string): Exchange[];
  git(): Exchange[];
  /** Requests of the API that cost rate limit: everything answered but 304. */
  costing(): Exchange[];
  /** Forgets everything so far. */
  clear(): void;
}

/** An empty log; `all` is the array that the server appends to. */
export function createRequestLog(): RequestLog & { add(exchange: Exchange): void } {
  const all: Exchange[] = [];
  return {
    all,
    add: (exchange) => {
      all.push(exchange);
      if (all.length > MOST_EXCHANGES) all.shift();
    },
    [Symbol.iterator]: () => all[Symbol.iterator](),
    writes: () => all.filter(({ write, status, fault }) => write && (isSuccess(status) || fault === "lose-answer")),
    of: (operation) => all.filter((exchange) => exchange.operation === operation),
    git: () => all.filter(({ git }) => git),
    costing: () => all.filter(({ git, status }) => !git && status !== null && status !== 304),
    clear: () => void (all.length = 0),
  };
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}
