/** Jobs that go on after an answer: mergeability, webhooks. A test can wait for all of them. */

export interface Background {
  start(job: () => Promise<void>): void;
  /** Resolves when no job is left, those started meanwhile included. */
  settled(): Promise<void>;
  /** Failures of jobs so far: mistakes of the model, not of its user. */
  readonly failures: readonly unknown[];
}

export function createBackground(): Background {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  return {
    failures,
    start(job) {
      const promise = job()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(promise));
      running.add(promise);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
