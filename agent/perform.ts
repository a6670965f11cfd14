/** Effect → adapter call, in one exhaustive switch. A failure comes back as an event. */
import type { Logger } from "#runtime/logger.ts";
import type { Metrics } from "#runtime/metrics.ts";
import { effectText, type DeploymentEffect, type Effect } from "./core/effect.ts";
import type { Event } from "./core/event.ts";
import type { METRICS } from "./metrics.ts";
import { performOnPodman } from "./perform-podman.ts";
import type { Publisher } from "./publisher.ts";
import type { StateFolder } from "./disk/state-folder.ts";
import type { Podman } from "./podman/client.ts";
import { checkHealth } from "./podman/health.ts";
import { look, survey } from "./podman/look.ts";
import { AdvisedError, problemOf } from "./podman/problem.ts";
import { pull, removeImage } from "./podman/pull.ts";
import type { Problem } from "./core/event.ts";

/** All that effects act upon. */
export interface World {
  readonly podman: Podman;
  readonly folder: StateFolder;
  readonly publisher: Publisher;
  readonly logger: Logger;
  readonly metrics: Metrics<keyof typeof METRICS>;
  /** For what is worth knowing before an effect has ended. */
  readonly send: (event: Event) => void;
}

/** Gives the function that the loop calls. */
export function createPerform(
  world: World,
): (effect: Effect, signal: AbortSignal) => Promise<Event | readonly Event[] | null> {
  const pulls = new Map<string, AbortController>();
  return async (effect, signal) => await perform(world, pulls, effect, signal);
}

async function perform(
  world: World,
  pulls: Map<string, AbortController>,
  effect: Effect,
  signal: AbortSignal,
): Promise<Event | readonly Event[] | null> {
  switch (effect.kind) {
    case "look":
    case "create":
    case "preflight":
    case "stop":
    case "start":
    case "remove":
    case "rename":
    case "remove-network":
      return await step(world, effect, signal);
    case "survey":
      return await survey(world.podman, signal).then(
        (deployments): Event => ({ kind: "surveyed", deployments }),
        (error: unknown): Event => ({ kind: "survey-failed", error: String(error) }),
      );
    case "pull":
      return await pullImage(world, pulls, effect, signal);
    case "abort-pull":
      pulls.get(`${effect.deployment} ${effect.image}`)?.abort();
      return null;
    case "check-health":
      return await health(world, effect, signal);
    case "save":
      return await save(world, effect);
    case "save-images":
      return await world.folder.saveImages(effect.text).then(
        (): Event => ({ kind: "images-saved", text: effect.text }),
        (error: unknown): Event => {
          world.logger.warn(
            { reason: String(error) },
            "cannot save the list of pulled images; their removal is forgotten at the next start",
          );
          return { kind: "images-saved", text: effect.text };
        },
      );
    case "remove-image":
      return await removeUnneeded(world, effect, signal);
    case "publish-state":
    case "delete-state":
    case "publish-info":
    case "heartbeat":
      return await world.publisher.publish(effect);
  }
}

async function step(world: World, effect: DeploymentEffect, signal: AbortSignal): Promise<Event> {
  const { podman, logger, metrics } = world;
  const doing = effectText(effect);
  const startedMs = performance.now();
  try {
    await performOnPodman(podman, effect, signal);
    const needs = effect.kind === "look" ? effect.needs : [];
    const seen = await look(podman, { deployment: effect.deployment, needs, signal });
    const fields = { deployment: effect.deployment, step: doing, ms: Math.round(performance.now() - startedMs) };
    if (effect.kind === "look") logger.debug(fields, "looked at podman");
    else logger.info(fields, "step done");
    metrics.metric.steps.add(1, { kind: effect.kind, result: "done" });
    return { kind: "done", effect, seen };
  } catch (error) {
    const problem = asProblem(error, doing, podman);
    if (!signal.aborted)
      logger.warn({ deployment: effect.deployment, step: doing, reason: problem.error }, "step failed");
    metrics.metric.steps.add(1, { kind: effect.kind, result: problem.kind });
    return { kind: "failed", effect, problem, seen: null };
  }
}

function asProblem(error: unknown, doing: string, podman: Podman): Problem {
  if (error instanceof AdvisedError) return { kind: "failed", error: error.message };
  return problemOf(error, doing, podman.socketPath);
}

async function pullImage(
  world: World,
  pulls: Map<string, AbortController>,
  effect: Effect & { kind: "pull" },
  signal: AbortSignal,
): Promise<Event> {
  const { podman, logger, metrics, send } = world;
  const { deployment, digest, image, policy } = effect;
  const key = `${deployment} ${image}`;
  const abort = new AbortController();
  pulls.set(key, abort);
  send({ kind: "pulling", deployment, image });
  const startedMs = performance.now();
  try {
    const { id, isNew } = await pull(podman, { image, policy, signal: AbortSignal.any([signal, abort.signal]) });
    metrics.metric.pullSeconds.observe((performance.now() - startedMs) / 1_000);
    logger.info({ deployment, image, isNew }, "image is on the device");
    return { kind: "pulled", deployment, digest, image, imageId: id, isNew };
  } catch (error) {
    const problem = asProblem(error, `pull ${image}`, podman);
    if (!signal.aborted && !abort.signal.aborted)
      logger.warn({ deployment, image, reason: problem.error }, "cannot pull an image");
    return { kind: "pull-failed", deployment, digest, image, problem };
  } finally {
    pulls.delete(key);
  }
}

async function health(
  { podman }: World,
  effect: Effect & { kind: "check-health" },
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const { deployment, target, startedAt, timeoutMs } = effect;
  const run = await checkHealth(podman, { id: target.id, timeoutMs, signal });
  const said = {
    kind: "health",
    deployment,
    container: target.id,
    startedAt,
    ...(run ?? { healthy: false, output: "the check could not be run" }),
  } as const;
  return run === null ? [said, { kind: "stirred", deployment }] : [said];
}

async function save(
  { folder, logger, metrics }: World,
  { deployment, record }: Effect & { kind: "save" },
): Promise<Event> {
  try {
    await (record === null ? folder.deleteRecord(deployment) : folder.saveRecord(deployment, record));
    return { kind: "saved", deployment, record };
  } catch (error) {
    metrics.metric.savesFailed.add();
    logger.error(
      { deployment, err: error },
      "cannot save the desired state; after a power cut without network this device would not know it. Free space in the state folder",
    );
    return { kind: "save-failed", deployment, error: String(error) };
  }
}

async function removeUnneeded(
  { podman, logger }: World,
  { image, reference }: Effect & { kind: "remove-image" },
  signal: AbortSignal,
): Promise<Event> {
  try {
    await removeImage(podman, image, signal);
    logger.info({ image: reference }, "removed an image that no version needs any more");
    return { kind: "image-removed", image };
  } catch (error) {
    return { kind: "image-kept", image, error: String(error) };
  }
}
