/** What follows for good from what was seen: a version is accepted, or it is rolled back. */
import { ROLLED_BACK_PAUSES, pauseMs } from "./retry.ts";
import { stageOf } from "./stage.ts";
import { digestOf, type CoreSettings, type Local, type VersionImages } from "./state.ts";

/** The deployment with its conclusions; called after each change of it. */
export function conclude(local: Local, settings: CoreSettings, nowMs: number): Local {
  const stage = stageOf(local, settings, nowMs);
  const digest = digestOf(local.intent);
  if (digest === null) return local;
  switch (stage.kind) {
    case "gate":
      if (stage.outcome.kind === "passed") return { ...local, accepted: digest, rolledBack: null };
      return stage.outcome.kind === "failed" ? rolledBackAfter(local, stage.outcome.error, nowMs) : local;
    case "settled": {
      const images = imagesAfter(
        local.images,
        digest,
        stage.mains.map(({ imageId }) => imageId),
      );
      return { ...local, accepted: digest, rolledBack: null, images };
    }
    case "blind":
    case "remove":
    case "keep":
    case "rolled-back":
    case "prepare":
    case "swap":
    case "commit":
      return local;
  }
}

/** The version did not work: where another one served before it, that one comes back. */
export function rolledBackAfter(local: Local, error: string, nowMs: number): Local {
  const digest = digestOf(local.intent);
  const hasOld =
    local.seen?.containers.some(({ slot, service, hash }) => slot === "main" && !isWanted(local, service, hash)) ??
    false;
  if (digest === null || !hasOld || local.accepted === digest) return local;
  const attempt = local.rolledBack?.digest === digest ? local.rolledBack.attempt + 1 : 0;
  const retryAtMs = nowMs + pauseMs(attempt, ROLLED_BACK_PAUSES, local.name);
  return { ...local, preflighted: null, rolledBack: { digest, error, attempt, retryAtMs } };
}

function isWanted({ intent }: Local, service: string, hash: string): boolean {
  return intent?.kind === "run" && intent.services.some((spec) => spec.name === service && spec.hash === hash);
}

function imagesAfter(images: VersionImages, digest: string, current: readonly string[]): VersionImages {
  const same = images.current.length === current.length && images.current.every((id, index) => current[index] === id);
  if (images.digest === digest) return same ? images : { ...images, current };
  // A version with the same images (another port, say) does not make the images before it unneeded.
  return { digest, current, previous: same ? images.previous : images.current };
}
