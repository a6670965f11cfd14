/** Long work on the main thread in slices, so that leases, heartbeats and health checks do not wait for it. */
import { GitError } from "./git-error.ts";

/** The event loop gets its turn after this long. */
const TURN_MS = 8;

export class Turn {
  readonly #signal: AbortSignal | undefined;
  #startedMs = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  isOver(): boolean {
    return performance.now() - this.#startedMs > TURN_MS;
  }

  /** Lets everything else run. Rejects with `aborted` where the work is not wanted any more. */
  async yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#signal?.aborted === true) throw new GitError("aborted", "reading the repository was stopped");
    this.#startedMs = performance.now();
  }
}
