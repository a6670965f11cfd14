/** Webhooks: signed, with a delivery id, sent once, in order, never retried, as GitHub does. */
import { createHmac, randomUUID } from "node:crypto";
import type { Background } from "./background.ts";
import type { FaultBook } from "./faults.ts";

/** GitHub gives a receiver this long. */
const ANSWER_WITHIN_MS = 10_000;

/** The oldest are forgotten beyond as many. */
const MOST_DELIVERIES = 10_000;

export type WebhookEvent = "push" | "pull_request" | "ping";

export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
  /** All of them where it is left out. */
  readonly events?: readonly WebhookEvent[];
}

export interface Delivery {
  readonly id: string;
  readonly event: WebhookEvent;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly target: string;
  /** The receiver's status; null before it answered, where it did not, and where the delivery was lost. */
  status: number | null;
  /** Why there is no status. */
  error: string | null;
}

export interface Webhooks {
  add(target: WebhookTarget): void;
  /** Whether anybody listens for it. */
  isWanted(event: WebhookEvent): boolean;
  send(event: WebhookEvent, payload: Readonly<Record<string, unknown>>): void;
  /** Sends an earlier delivery again, under its own id. */
  redeliver(id: string): void;
  readonly deliveries: readonly Delivery[];
  stop(): void;
}

/** `inspect` sees each delivery as it is made. */
export function createWebhooks(
  background: Background,
  faults: FaultBook,
  inspect: (delivery: Delivery) => void,
): Webhooks {
  const targets: { target: WebhookTarget; last: Promise<void> }[] = [];
  const deliveries: Delivery[] = [];
  const stopped = new AbortController();

  function post(hook: (typeof targets)[number], delivery: Delivery): void {
    const turn = hook.last.then(() => deliver(hook.target, delivery, stopped.signal));
    hook.last = turn;
    background.start(() => turn);
  }

  return {
    deliveries,
    add(target) {
      targets.push({ target, last: Promise.resolve() });
    },
    isWanted: (event) => targets.some(({ target }) => wants(target, event)),
    send(event, payload) {
      for (const hook of targets.filter(({ target }) => wants(target, event))) {
        const { url } = hook.target;
        const delivery: Delivery = { id: randomUUID(), event, payload, target: url, status: null, error: null };
        deliveries.push(delivery);
        if (deliveries.length > MOST_DELIVERIES) deliveries.shift();
        inspect(delivery);
        if (faults.takeLostWebhook()) delivery.error = "lost on the way";
        else post(hook, delivery);
      }
    },
    redeliver(id) {
      const delivery = deliveries.find((candidate) => candidate.id === id);
      const hook = targets.find(({ target }) => target.url === delivery?.target);
      if (delivery === undefined || hook === undefined) throw new Error(`there was no delivery ${id}; see deliveries`);
      post(hook, delivery);
    },
    stop: () => stopped.abort(),
  };
}

function wants(target: WebhookTarget, event: WebhookEvent): boolean {
  return target.events?.includes(event) ?? true;
}

async function deliver(target: WebhookTarget, delivery: Delivery, stopped: AbortSignal): Promise<void> {
  const body = JSON.stringify(delivery.payload);
  const sign = (algorithm: string): string => createHmac(algorithm, target.secret).update(body).digest("hex");
  try {
    const response = await fetch(target.url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/model",
        "x-github-delivery": delivery.id,
        "x-github-event": delivery.event,
        "x-github-hook-id": "1",
        "x-github-hook-installation-target-id": "1",
        "x-github-hook-installation-target-type": "repository",
        "x-hub-signature": `sha1=${sign("sha1")}`,
        "x-hub-signature-256": `sha256=${sign("sha256")}`,
      },
      signal: AbortSignal.any([stopped, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await response.arrayBuffer();
    delivery.status = response.status;
  } catch (error) {
    delivery.error = String(error);
  }
}
