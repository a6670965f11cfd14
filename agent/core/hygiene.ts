/** Which images may go: pulled by the agent, and in neither the current nor the previous version of any deployment. */
import type { Effect } from "./effect.ts";
import type { Next } from "./next.ts";
import type { Local, State } from "./state.ts";

/** The next image to remove, and the list of pulled images where it changed. */
export function hygiene(state: State, nowMs: number): Next {
  return { effects: [...saveList(state), ...sweep(state, nowMs)], wakeAtMs: null };
}

/** The list of pulled images as it is kept on disk. */
export function pulledImagesText(state: State): string {
  return JSON.stringify([...state.pulledImages].map(([id, { reference }]) => ({ id, reference })));
}

function saveList(state: State): Effect[] {
  const text = pulledImagesText(state);
  return text === state.savedImages ? [] : [{ kind: "save-images", key: "disk images", text }];
}

function sweep(state: State, nowMs: number): Effect[] {
  const locals = [...state.locals.values()];
  // Before everything was seen, nobody knows what is still needed.
  if (state.pulledImages.size === 0 || !locals.every(isSettled)) return [];
  const needed = new Set(locals.flatMap(imagesOf));
  for (const [image, { reference, notBeforeMs }] of state.pulledImages) {
    if (!needed.has(image) && notBeforeMs <= nowMs) return [{ kind: "remove-image", key: "images", image, reference }];
  }
  return [];
}

function isSettled({ seen, looksAsked, looksDone, pulling }: Local): boolean {
  return seen !== null && looksAsked === looksDone && pulling.size === 0;
}

function imagesOf({ images, pulled, seen }: Local): string[] {
  return [
    ...images.current,
    ...images.previous,
    ...pulled.ids.values(),
    ...(seen?.containers ?? []).map(({ imageId }) => imageId),
  ];
}
