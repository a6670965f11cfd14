import { constants, deflateSync } from "node:zlib";
import { assert, constantFrom, integer, nat, oneof, property, record, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { GitError } from "./git-error.ts";
import { openInflateEngine } from "./inflate-engine.ts";
import { inflate, inflateByNode } from "./inflate.ts";

interface Stream {
  readonly content: Uint8Array;
  readonly level: number;
  readonly strategy: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

const stream = record<Stream>({
  content: oneof(
    uint8Array({ maxLength: 3_000 }),
    integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length).fill(7)),
  ),
  level: integer({ min: 0, max: 9 }),
  strategy: constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY),
  before: uint8Array({ maxLength: 5 }),
  after: uint8Array({ maxLength: 40 }),
});

/** The stream as it stands in a pack: other bytes before and behind it. */
function packedOf({ content, level, strategy, before, after }: Stream): { packed: Buffer; length: number } {
  const deflated = deflateSync(content, { level, strategy });
  return { packed: Buffer.concat([before, deflated, after]), length: deflated.length };
}

function outcome(work: () => { bytes: Buffer; consumed: number }): unknown {
  try {
    const { bytes, consumed } = work();
    return { bytes: bytes.toString("hex"), consumed };
  } catch (error) {
    return error instanceof GitError ? error.kind : error;
  }
}

describe("unpacking a stream inside a pack", () => {
  test("has an engine of its own on the Node that the project runs on", () => {
    expect(openInflateEngine()).not.toBeNull();
  });

  test("gives its bytes and where it ends, whatever stands around it", () => {
    assert(
      property(stream, (made) => {
        const { packed, length } = packedOf(made);
        const { bytes, consumed } = inflate(packed, made.before.length, made.content.length);
        expect(bytes.equals(made.content)).toBe(true);
        expect(consumed).toBe(length);
      }),
      { numRuns: 500 },
    );
  });

  test("is refused or accepted exactly as by Node itself, where it is damaged, cut off or of another size", () => {
    assert(
      property(stream, nat(), integer({ min: 0, max: 255 }), nat(), integer({ min: -3, max: 70 }), (made, ...how) => {
        const [place, change, cut, difference] = how;
        const { packed } = packedOf(made);
        packed[place % packed.length]! ^= change;
        const kept = packed.subarray(0, cut % 2 === 0 ? packed.length : cut % packed.length);
        const from = Math.min(made.before.length, kept.length);
        const size = Math.max(0, made.content.length + (difference > 3 ? 0 : difference));
        const ours = outcome(() => inflate(kept, from, size));
        expect(ours).toEqual(outcome(() => inflateByNode(kept.subarray(from), size)));
      }),
      { numRuns: 1_000 },
    );
  });
});
