/** zlib streams inside packs and loose objects, with a bound on what comes out. */
import { constants, inflateSync } from "node:zlib";
import { GitError } from "./git-error.ts";
import { openInflateEngine } from "./inflate-engine.ts";
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

/** Room to notice that a stream gives more than was announced. */
const SLACK_BYTES = 64;
/** Larger streams gain nothing from a shared engine. */
const SMALL_BYTES = 65_536;

const engine = openInflateEngine();
const scratch = Buffer.allocUnsafeSlow(SMALL_BYTES + SLACK_BYTES);

/** Inflates the stream that begins at `from`, which must give exactly `sizeBytes`. Throws `corrupt` or `too-large`. */
export function inflate(packed: Uint8Array, from: number, sizeBytes: number): Inflated {
  if (sizeBytes > OBJECT_MAX_BYTES) throw tooLarge(sizeBytes);
  if (engine === null || sizeBytes > SMALL_BYTES) return inflateByNode(packed.subarray(from), sizeBytes);
  const result = engine.inflate(packed, from, scratch, sizeBytes + SLACK_BYTES);
  if ("failure" in result) throw corrupt(result.failure);
  if (result.made !== sizeBytes) throw wrongSize(result.made, sizeBytes);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  scratch.copy(bytes, 0, 0, sizeBytes);
  return { bytes, consumed: result.consumed };
}

/** The same by Node's public call alone, from the start of `packed`. */
export function inflateByNode(packed: Uint8Array, sizeBytes: number): Inflated {
  try {
    // One chunk that fits: the default would keep 16 kB for each small object.
    const chunkSize = sizeBytes + SLACK_BYTES;
    const options = { info: true, chunkSize, maxOutputLength: sizeBytes + SLACK_BYTES } as const;
    const { buffer, engine: used } = (inflateSync as unknown as InflateWithInfo)(packed, options);
    if (buffer.length !== sizeBytes) throw wrongSize(buffer.length, sizeBytes);
    return { bytes: buffer, consumed: used.bytesWritten };
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

function wrongSize(made: number, announced: number): GitError {
  return corrupt(`${made} bytes where ${announced} were announced`);
}

function corrupt(detail: string, cause?: unknown): GitError {
  return new GitError("corrupt", `an object of the repository is damaged: ${detail}`, { cause });
}
