/** What the agent knew before it ended or the power went: read back from its folder. */
import type { Logger } from "#runtime/logger.ts";
import { pulledImagesText } from "./core/hygiene.ts";
import { localFromRecord } from "./core/record.ts";
import type { State } from "./core/state.ts";
import { parsePulledImages } from "./disk/pulled-images.ts";
import type { StateFolder } from "./disk/state-folder.ts";

/** The state with everything from the disk. A torn record is skipped: its containers are kept as they are. */
export async function restore(
  folder: StateFolder,
  state: State,
  { logger, nowMs }: { logger: Logger; nowMs: number },
): Promise<State> {
  const locals = new Map(state.locals);
  for (const text of await folder.records()) {
    const local = localFromRecord(text, state.settings.device, nowMs);
    if (local === null)
      logger.warn(
        "a record in the state folder is torn or of another device; it is left alone until its deployment is heard of",
      );
    else locals.set(local.name, local);
  }
  const restored = { ...state, locals, pulledImages: parsePulledImages(await folder.images()) };
  return { ...restored, savedImages: pulledImagesText(restored) };
}
