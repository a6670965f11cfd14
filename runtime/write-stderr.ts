/** Whole lines to stderr, at once: the last words before a crash are not lost. */
import { writeSync } from "node:fs";
import { errorCode } from "./errors.ts";

const STDERR = 2;
/** A reader that takes nothing for so long loses lines: a daemon does not stand still for its log. */
const WAIT_MAX_MS = 1_000;
const WAIT_STEP_MS = 10;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes a line; gives up where nobody reads. Never throws: a closed stderr (the terminal is gone) must not end a daemon. */
export function writeStderr(line: string): void {
  let rest = Buffer.from(line);
  let waitedMs = 0;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDERR, rest));
    } catch (error) {
      // Somebody reads from this pipe, but slowly.
      if (errorCode(error) !== "EAGAIN" || waitedMs >= WAIT_MAX_MS) return;
      Atomics.wait(pause, 0, 0, WAIT_STEP_MS);
      waitedMs += WAIT_STEP_MS;
    }
  }
}
