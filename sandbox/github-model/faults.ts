/** What goes wrong between a client and GitHub, ordered by a test and taken in order. */

/** Which requests: an operation such as `GET /repos/{owner}/{repo}/pulls`, all writes or reads of the API, or git. */
export type FaultTarget =
  | "any"
  | "writes"
  | "reads"
  | "git"
  | `${"GET" | "POST" | "PATCH" | "PUT" | "DELETE"} /${string}`;

export type Fault =
  /** The connection ends before the request is looked at. */
  | { readonly kind: "drop" }
  /** The request is carried out and its answer lost. */
  | { readonly kind: "lose-answer" }
  /** Never answered, until `up` or the end of the model. */
  | { readonly kind: "stall" }
  | { readonly kind: "status"; readonly status: 500 | 502 | 503 | 504 }
  | { readonly kind: "secondary-limit"; readonly status: 403 | 429; readonly retryAfterSeconds: number | null };

export interface Faults {
  /** Every connection is cut, git's too, until `up`. */
  down(): void;
  /** Ends `down` and everything ordered before; stalled requests are cut. */
  up(): void;
  isDown(): boolean;
  drop(times: number, on?: FaultTarget): void;
  loseAnswer(times: number, on?: FaultTarget): void;
  stall(times: number, on?: FaultTarget): void;
  fiveHundred(times: number, options?: { status?: 500 | 502 | 503 | 504; on?: FaultTarget }): void;
  /** `retryAfterSeconds: null` leaves the header out, as GitHub sometimes does. */
  secondaryLimit(
    times: number,
    options?: { retryAfterSeconds?: number | null; status?: 403 | 429; on?: FaultTarget },
  ): void;
  /** The next answers about a single pull request say `mergeable: null`. */
  pendingMergeability(times: number): void;
  /** The next webhooks are never sent. */
  loseWebhooks(times: number): void;
  /** How many ordered faults have not happened yet. */
  pending(): number;
}

/** The model's side of the faults. */
export interface FaultBook extends Faults {
  /** The fault that this request meets, if any; it is then spent. */
  take(request: { operation: string | null; write: boolean; git: boolean }): Fault | null;
  takePendingMergeability(): boolean;
  takeLostWebhook(): boolean;
}

interface Order {
  readonly fault: Fault;
  readonly on: FaultTarget;
  left: number;
}

/** `cut.all` ends every open connection, `cut.stalled` those of requests that are never answered. */
export function createFaults(cut: { all(): void; stalled(): void }): FaultBook {
  let orders: Order[] = [];
  let isDown = false;
  const counters = { mergeability: 0, webhooks: 0 };
  const order = (fault: Fault, times: number, on: FaultTarget = "any"): void => {
    orders.push({ fault, on, left: times });
  };
  return {
    down: () => {
      isDown = true;
      cut.all();
    },
    up: () => {
      isDown = false;
      orders = [];
      counters.mergeability = 0;
      counters.webhooks = 0;
      cut.stalled();
    },
    isDown: () => isDown,
    drop: (times, on) => order({ kind: "drop" }, times, on),
    loseAnswer: (times, on) => order({ kind: "lose-answer" }, times, on),
    stall: (times, on) => order({ kind: "stall" }, times, on),
    fiveHundred: (times, { status = 502, on } = {}) => order({ kind: "status", status }, times, on),
    secondaryLimit: (times, { retryAfterSeconds = 60, status = 403, on } = {}) =>
      order({ kind: "secondary-limit", status, retryAfterSeconds }, times, on),
    pendingMergeability: (times) => {
      counters.mergeability += times;
    },
    loseWebhooks: (times) => {
      counters.webhooks += times;
    },
    pending: () => orders.reduce((sum, { left }) => sum + left, counters.mergeability + counters.webhooks),
    take: (request) => {
      const found = orders.find(({ on, left }) => left > 0 && isAbout(on, request));
      if (found === undefined) return null;
      found.left -= 1;
      return found.fault;
    },
    takePendingMergeability: () => spend(counters, "mergeability"),
    takeLostWebhook: () => spend(counters, "webhooks"),
  };
}

function isAbout(on: FaultTarget, request: { operation: string | null; write: boolean; git: boolean }): boolean {
  if (on === "any") return true;
  if (on === "git") return request.git;
  if (request.git) return false;
  if (on === "writes" || on === "reads") return request.write === (on === "writes");
  return on === request.operation;
}

function spend<K extends string>(counters: Record<K, number>, name: K): boolean {
  if (counters[name] <= 0) return false;
  counters[name] -= 1;
  return true;
}
