/** Starting, stopping, renaming and removing containers: each is done when it is so, whoever did it. */
import type { DeploymentName } from "#schema/names.ts";
import { sleep } from "#runtime/clock.ts";
import type { Target } from "../core/effect.ts";
import { CALL_LIMIT_MS, SLOW_CALL_LIMIT_MS, limited, type Podman } from "./client.ts";
import { bareName, list } from "./look.ts";
import { ensureNetwork } from "./network.ts";
import { AdvisedError, fullText, isMissing, isPortTaken, isUnchanged } from "./problem.ts";

/** How much longer than its grace a stop may take. */
const STOP_MARGIN_MS = 30_000;
/**
 * A start that failed inside the runtime keeps its port bound in podman's API service until that collects its
 * garbage: up to 7 s by itself, under 1 s when it is given something to do.
 */
const LEAKED_PORT_LIMIT_MS = 10_000;
const LEAKED_PORT_PAUSE_MS = 150;
const ALLOCATING_CALLS = 32;
/** podman restarts what crashed within a fraction of a second. */
const STAYS_DOWN_MS = 700;
const FLAPPING_PAUSE_MS = 20;
const FLAPPING_LIMIT_MS = 15_000;

/** Starts a container, waiting for a port that podman itself leaked. */
export async function start(
  podman: Podman,
  { deployment, target, signal }: { deployment: DeploymentName; target: Target; signal: AbortSignal },
): Promise<void> {
  const deadlineMs = performance.now() + LEAKED_PORT_LIMIT_MS;
  for (;;) {
    try {
      await startOnce(podman, target, signal);
      return;
    } catch (error) {
      if (isNetworkMissing(error)) await ensureNetwork(podman, deployment, signal);
      else if (!isPortTaken(error)) throw error;
      else {
        const holder = await holderOf(podman, error, signal);
        if (holder !== null) throw holder;
        await collectGarbage(podman, signal);
      }
      if (performance.now() > deadlineMs || signal.aborted) throw error;
      await sleep(LEAKED_PORT_PAUSE_MS, signal);
    }
  }
}

/** Who has a host port, and what to do. */
export function portTakenText({ PublicPort, Type }: { PublicPort?: number; Type: string }, container: string): string {
  return `host port ${PublicPort}/${Type} is taken by the container ${container}; stop that one or publish another port`;
}

async function startOnce({ docker }: Podman, { id }: Target, signal: AbortSignal): Promise<void> {
  const container = docker.getContainer(id);
  try {
    const { State } = await container.inspect({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    if (State.Paused) await container.unpause({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    else await container.start({ abortSignal: limited(signal, SLOW_CALL_LIMIT_MS) });
  } catch (error) {
    if (!isUnchanged(error)) throw error;
  }
}

function isNetworkMissing(error: unknown): boolean {
  return /unable to find network|network not found/i.test(fullText(error));
}

/** The running container that publishes the port which the error names: no waiting helps against that one. */
async function holderOf(podman: Podman, error: unknown, signal: AbortSignal): Promise<AdvisedError | null> {
  const text = fullText(error);
  for (const { State, Names, Ports } of await list(podman, signal)) {
    const port =
      State === "running"
        ? Ports.find(({ PublicPort }) => PublicPort !== undefined && text.includes(`:${PublicPort}`))
        : undefined;
    if (port !== undefined)
      return new AdvisedError(portTakenText(port, bareName(Names[0] ?? "unknown")), { cause: error });
  }
  return null;
}

async function collectGarbage({ docker }: Podman, signal: AbortSignal): Promise<void> {
  const calls = Array.from({ length: ALLOCATING_CALLS }, () =>
    docker.listImages({ abortSignal: limited(signal, CALL_LIMIT_MS) }),
  );
  await Promise.allSettled(calls);
}

/** Stops containers side by side, each with its own grace. */
export async function stop(podman: Podman, targets: readonly Target[], signal: AbortSignal): Promise<void> {
  await all(targets, async (target) => await stopForGood(podman, target, signal));
}

/**
 * podman takes a stop only from a container that runs: between two crashes it answers "stopped" and goes on restarting.
 * Such a container is asked again until it is caught running, or stays down.
 */
async function stopForGood(podman: Podman, target: Target, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + FLAPPING_LIMIT_MS;
  let down: { readonly start: string; readonly sinceMs: number } | null = null;
  while (performance.now() < deadlineMs && !signal.aborted) {
    const lastStart = await stopOne(podman, target, signal);
    if (lastStart === null) return;
    if (down === null || down.start !== lastStart) down = { start: lastStart, sinceMs: performance.now() };
    else if (performance.now() - down.sinceMs > STAYS_DOWN_MS) return;
    await sleep(FLAPPING_PAUSE_MS, signal);
  }
}

/** Null when it is stopped; when it was down already, its last start, for podman may be about to start it again. */
async function stopOne(
  { docker }: Podman,
  { id, stopGraceSeconds }: Target,
  signal: AbortSignal,
): Promise<string | null> {
  const container = docker.getContainer(id);
  let restarted: string | null = null;
  try {
    const { State, RestartCount } = await container.inspect({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    if (State.Status === "created") return null;
    if (RestartCount > 0) restarted = State.StartedAt;
    if (State.Paused) await container.unpause({ abortSignal: limited(signal, CALL_LIMIT_MS) });
    const limit = limited(signal, stopGraceSeconds * 1_000 + STOP_MARGIN_MS);
    await container.stop({ t: stopGraceSeconds, abortSignal: limit });
  } catch (error) {
    if (isUnchanged(error)) return restarted;
    if (!isMissing(error)) throw error;
  }
  return null;
}

/** Stops with grace, then removes: podman 4 would kill at once when asked to remove by force. Named volumes stay. */
export async function remove(podman: Podman, targets: readonly Target[], signal: AbortSignal): Promise<void> {
  await all(targets, async (target) => {
    await stopOne(podman, target, signal);
    try {
      const options = { force: true, v: true, abortSignal: limited(signal, SLOW_CALL_LIMIT_MS) };
      await podman.docker.getContainer(target.id).remove(options);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  });
}

/** Gives a container its name. Works while it runs. */
export async function rename(
  { docker }: Podman,
  { id, name, signal }: { id: string; name: string; signal: AbortSignal },
): Promise<void> {
  const options = { name, abortSignal: limited(signal, CALL_LIMIT_MS) };
  await docker.getContainer(id).rename(options);
}

// All are tried before the first error is told.
async function all(targets: readonly Target[], act: (target: Target) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(targets.map(act));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
