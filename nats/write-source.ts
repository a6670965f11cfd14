/** Where a long row of writes comes from and where its answers go, without an object for each. */
import type { Refused, WriteResult } from "./publish-answer.ts";
import type { Write } from "./write.ts";

/** Who is told what became of a write; synchronously, in the order of the server's answers. */
export interface WriteSink {
  written(write: Write, revision: number): void;
  /** A conflict, or not known to be written. */
  refused(write: Write, result: Refused): void;
}

/** Writes that are asked for one by one, whenever there is room. */
export interface WriteSource extends WriteSink {
  /** The next write, which is sent at once; null for no more. */
  next(): Write | null;
}

/** Tells the answer to whoever waits for the promise. */
export function promisedAnswer(resolve: (result: WriteResult) => void): WriteSink {
  return {
    written: (_write, revision) => resolve({ kind: "written", revision }),
    refused: (_write, result) => resolve(result),
  };
}
