/** zlib streams inside packs and loose objects, with a bound on what comes out. */
import { constants, inflateSync } from "node:zlib";
import { GitError } from "./git-error.ts";
import { OBJECT_MAX_BYTES } from "./objects.ts";

/** Unpacked bytes, and how many packed bytes they took. */
export interface Inflated {
  readonly bytes: Buffer;
  readonly consumed: number;
}

// Node gives the engine too when asked with `info`, which its types leave out.
type InflateWithInfo = (
  packed: Uint8Array,
  options: { readonly info: true; readonly chunkSize: number; readonly maxOutputLength: number },
) => { buffer: Buffer; engine: { bytesWritten: number } };

const CHUNK_SLACK_BYTES = 64;

/** Inflates the stream at the start of `packed`, which must give exactly `sizeBytes`. Throws `corrupt` or `too-large`. */
export function inflate(packed: Uint8Array, sizeBytes: number): Inflated {
  if (sizeBytes > OBJECT_MAX_BYTES) throw tooLarge(sizeBytes);
  try {
    // One chunk that fits: the default would keep 16 kB for each small object.
    const chunkSize = sizeBytes + CHUNK_SLACK_BYTES;
    const options = { info: true, chunkSize, maxOutputLength: sizeBytes + CHUNK_SLACK_BYTES } as const;
    const { buffer, engine } = (inflateSync as unknown as InflateWithInfo)(packed, options);
    if (buffer.length !== sizeBytes) throw corrupt(`${buffer.length} bytes where ${sizeBytes} were announced`);
    return { bytes: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    if (error instanceof GitError) throw error;
    throw corrupt(error instanceof Error ? error.message : String(error), error);
  }
}

/** The first bytes of a stream, at least `atLeast` of them unless it is shorter. */
export function inflatePrefix(packed: Uint8Array, atLeast: number): Buffer {
  try {
    // A cut stream is fine here: only its beginning is asked for.
    const enough = packed.subarray(0, atLeast * 2 + 128);
    return inflateSync(enough, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1_048_576 });
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error), error);
  }
}

function tooLarge(sizeBytes: number): GitError {
  return new GitError(
    "too-large",
    `the repository holds an object of ${sizeBytes} bytes, the limit is ${OBJECT_MAX_BYTES}`,
    {
      hint: "Remove the large file from the branch (and its history, for a shallow fetch the head is enough).",
    },
  );
}

function corrupt(detail: string, cause?: unknown): GitError {
  return new GitError("corrupt", `an object of the repository is damaged: ${detail}`, { cause });
}
