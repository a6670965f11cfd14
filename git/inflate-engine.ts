/**
 * One zlib engine for all small streams. Node's public call makes a new engine, a stream object around it and a buffer for
 * each of them, which takes ten times as long as unpacking a small file; a pack has a hundred thousand.
 */
import { createInflate } from "node:zlib";

/** What lies below Node's own classes: version and shape are checked, and without them there is no engine. */
interface ZlibHandle {
  onerror: (message: string) => void;
  reset(): void;
  writeSync(...args: [flush: number, ...source: BytesRange, ...target: BytesRange]): void;
}
type BytesRange = [bytes: Uint8Array, at: number, length: number];

/** What became of a stream: how much was read and made, or zlib's own words. */
export type EngineResult = { readonly consumed: number; readonly made: number } | { readonly failure: string };

export interface InflateEngine {
  /** Unpacks the stream that begins at `from` into the first `room` bytes of `target`, at least one more than it takes. */
  inflate(packed: Uint8Array, from: number, target: Uint8Array, room: number): EngineResult;
}

const FINISH = 4;

/** The engine, or null where this Node keeps it in another way. */
export function openInflateEngine(): InflateEngine | null {
  const { _handle: handle, _writeState: rest } = createInflate() as unknown as Record<string, unknown>;
  if (!isHandle(handle) || !(rest instanceof Uint32Array) || rest.length !== 2) return null;
  const engine = engineOf(handle, rest);
  return worksAsExpected(engine) ? engine : null;
}

function engineOf(handle: ZlibHandle, rest: Uint32Array): InflateEngine {
  let failure: string | null = null;
  const onerror = (message: string): void => {
    failure = message;
  };
  Object.assign(handle, { onerror });
  return {
    inflate(packed, from, target, room) {
      failure = null;
      handle.reset();
      handle.writeSync(FINISH, packed, from, packed.length - from, target, 0, room);
      if (failure !== null) return { failure };
      // It leaves behind how much room and how many bytes remain.
      const [unused = 0, unread = 0] = rest;
      return { consumed: packed.length - from - unread, made: room - unused };
    },
  };
}

function isHandle(value: unknown): value is ZlibHandle {
  if (typeof value !== "object" || value === null) return false;
  const { reset, writeSync, onerror } = value as Partial<Record<keyof ZlibHandle, unknown>>;
  return [reset, writeSync, onerror].every((member) => typeof member === "function");
}

/** "abc", then two bytes that belong to nothing. */
const SAMPLE = Buffer.from("789c4b4c4a0600024d01270000", "hex");
const SAMPLE_BYTES = 11;

// Twice: the second stream must begin where the first left nothing behind, also after one that is damaged.
function worksAsExpected(engine: InflateEngine): boolean {
  const target = new Uint8Array(8);
  const run = (packed: Uint8Array): EngineResult => engine.inflate(packed, 0, target, target.length);
  const damaged = Uint8Array.from(SAMPLE, (byte, at) => (at === 4 ? byte ^ 1 : byte));
  try {
    const first = run(SAMPLE);
    const failed = run(damaged);
    const again = run(SAMPLE);
    return [first, again].every((result) => isSample(result, target)) && "failure" in failed;
  } catch {
    return false;
  }
}

function isSample(result: EngineResult, target: Uint8Array): boolean {
  return "made" in result && result.made === 3 && result.consumed === SAMPLE_BYTES && target[2] === 0x63;
}
