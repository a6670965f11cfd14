/** A program of the benchmark in a process of its own, that says what it measured in messages. */
import { fork } from "node:child_process";
import { on, once } from "node:events";
import { join } from "node:path";

export interface Forked {
  readonly pid: number;
  /** The next thing it says. Rejects where it ends instead. */
  said(): Promise<unknown>;
  tell(message: object): void;
  /** Lets go of it and waits until it has ended. */
  stop(): Promise<void>;
}

/** Starts `bench/<file>`. It has to end when its parent lets go of it. */
export function forked(file: string, args: readonly string[], signal?: AbortSignal): Forked {
  const child = fork(join(import.meta.dirname, file), args, signal === undefined ? {} : { signal });
  const ended = once(child, "exit");
  ended.catch(() => {});
  const messages = on(child, "message", { close: ["exit"] });
  return {
    pid: child.pid ?? 0,
    async said() {
      const next = (await messages.next()) as IteratorResult<unknown[]>;
      if (next.done === true) throw new Error(`bench/${file} ended with ${child.exitCode ?? child.signalCode}`);
      return next.value[0];
    },
    tell: (message) => child.send(message),
    async stop() {
      if (child.connected) child.disconnect();
      // Where the signal ended it, it has ended as well.
      await ended.catch(() => {});
    },
  };
}
