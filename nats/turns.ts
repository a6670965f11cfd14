/** What may only go on once at a time: those who ask take turns, in the order in which they asked. */

/** Ends a turn. May be called again. */
export type EndTurn = () => void;

/** Nobody waits for long as long as everybody ends their turn. */
export class Turns {
  #allBefore: Promise<unknown> = Promise.resolve();

  /** Resolves when all who asked before are done; at once when `signal` aborts. Whatever happens, end the turn. */
  async take(signal: AbortSignal): Promise<EndTurn> {
    const before = this.#allBefore;
    const { promise: own, resolve: end } = Promise.withResolvers<void>();
    this.#allBefore = before.then(async () => await own);
    await settledOrAborted(before, signal);
    return end;
  }
}

async function settledOrAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const goOn = (): void => resolve();
  signal.addEventListener("abort", goOn, { once: true });
  void before.then(goOn);
  await promise;
  signal.removeEventListener("abort", goOn);
}
