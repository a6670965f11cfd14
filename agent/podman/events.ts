/** podman's events: what happened to whose container. The stream is opened again for ever. */
import type { Readable } from "node:stream";
import { parseWireDeploymentName, type DeploymentName } from "#schema/names.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { sleep } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { LABEL_DEPLOYMENT, LABEL_DEVICE } from "../core/names.ts";
import { CALL_LIMIT_MS, type Podman } from "./client.ts";

const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 5_000;
const LINE_MAX_CHARS = 1_048_576;
/** Made by the agent's own health checks. */
const OWN_ACTIONS = /^(?:exec|health_status)/;

export interface EventHandlers {
  /** The stream is open (again): what happened before was missed. */
  opened(): void;
  /** The stream has ended. */
  closed(): void;
  /** Something happened to a container of ours; null: to somebody else's. */
  stirred(deployment: DeploymentName | null): void;
}

/** Follows the events until `signal` aborts. Resolves then; never rejects. */
export async function followEvents(
  podman: Podman,
  handlers: EventHandlers,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const stream = await open(podman, signal);
      attempt = 0;
      handlers.opened();
      await read(stream, podman, handlers);
      logger.warn({ socket: podman.socketPath }, "podman ended the stream of events; it is opened again");
    } catch (error) {
      if (!signal.aborted)
        logger.warn(
          { socket: podman.socketPath, reason: (error as Error).message },
          "podman does not answer; containers run on",
        );
    }
    handlers.closed();
    await sleep(
      RETRY_BASE_MS / 2 + backoffMs({ attempt, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, Math.random),
      signal,
    );
  }
}

// No limit on the stream, only on its opening: it may be silent for days.
async function open({ docker }: Podman, signal: AbortSignal): Promise<Readable> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), CALL_LIMIT_MS);
  try {
    const options = {
      filters: JSON.stringify({ type: ["container"] }),
      abortSignal: AbortSignal.any([signal, late.signal]),
    };
    return (await docker.getEvents(options)) as unknown as Readable;
  } finally {
    clearTimeout(timer);
  }
}

async function read(stream: Readable, podman: Podman, handlers: EventHandlers): Promise<void> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).slice(-LINE_MAX_CHARS).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) told(line, podman, handlers);
  }
}

function told(line: string, podman: Podman, handlers: EventHandlers): void {
  let event: { Action?: string; Actor?: { Attributes?: Record<string, string> } };
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    return;
  }
  if (event.Action === undefined || OWN_ACTIONS.test(event.Action)) return;
  const attributes = event.Actor?.Attributes ?? {};
  if (attributes[LABEL_DEVICE] !== podman.device) handlers.stirred(null);
  else {
    const deployment = parseWireDeploymentName(attributes[LABEL_DEPLOYMENT] ?? "");
    if (deployment !== null) handlers.stirred(deployment);
  }
}
