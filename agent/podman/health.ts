/** One run of a container's health check, by podman's own means but at the agent's time. */
import { askLibpod, type Podman } from "./client.ts";
import { isUnreachable, statusOf } from "./problem.ts";

// The exec that podman makes for a check takes some time of its own.
const TIMEOUT_MARGIN_MS = 1_000;
const OUTPUT_MAX_CHARS = 300;

/** What a run said. `output` is empty where it was well. */
export interface HealthRun {
  readonly healthy: boolean;
  readonly output: string;
}

/** Runs the check; null where it could not be run (the container is down, podman is away). */
export async function checkHealth(
  podman: Podman,
  { id, timeoutMs, signal }: { id: string; timeoutMs: number; signal: AbortSignal },
): Promise<HealthRun | null> {
  const timeout = AbortSignal.timeout(timeoutMs + TIMEOUT_MARGIN_MS);
  try {
    const path = `/containers/${id}/healthcheck`;
    const answer = await askLibpod(podman, {
      method: "GET",
      path,
      signal: AbortSignal.any([signal, timeout]),
      limitMs: timeoutMs + 2 * TIMEOUT_MARGIN_MS,
    });
    if ((answer as { Status?: unknown }).Status === "healthy") return { healthy: true, output: "" };
    return { healthy: false, output: await lastOutput(podman, id, signal) };
  } catch (error) {
    if (timeout.aborted) return { healthy: false, output: `no answer within ${timeoutMs / 1_000} s` };
    if (isUnreachable(error) || statusOf(error) === 404 || statusOf(error) === 409) return null;
    return { healthy: false, output: "the check could not be run" };
  }
}

async function lastOutput(podman: Podman, id: string, signal: AbortSignal): Promise<string> {
  const { State } = await podman.docker.getContainer(id).inspect({ abortSignal: signal });
  const last = State.Health?.Log?.at(-1);
  const text = (last?.Output ?? "").replaceAll(/\s+/g, " ").trim().slice(0, OUTPUT_MAX_CHARS);
  return text === "" && last !== undefined ? `exit code ${last.ExitCode}` : text;
}
