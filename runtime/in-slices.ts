/** Long work in slices, so that whatever else the event loop has to do is done on time. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** No slice is longer than this and one step. */
const SLICE_MS = 10;

/** Drives the steps to their end and gives the result; the event loop has its turn after each slice. Rejects when `signal` aborts. */
export async function inSlices<T>(
  steps: Generator<void, T>,
  { sliceMs = SLICE_MS, signal }: { readonly sliceMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + sliceMs;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < untilMs);
    await nextTurn();
    signal?.throwIfAborted();
  }
}
