import { array, assert, constant, nat, oneof, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { SizedCache } from "./sized-cache.ts";

const MAX_BYTES = 100;
const steps = array(record({ key: nat(40), bytes: nat(60), asks: oneof(constant(true), constant(false)) }), {
  maxLength: 200,
});

describe("a cache of so many bytes", () => {
  test("gives what was kept or nothing, and never holds more than it may", () => {
    assert(
      property(steps, (history) => {
        const cache = new SizedCache<number, { bytes: number }>(MAX_BYTES, ({ bytes }) => bytes);
        const kept = new Map<number, { bytes: number }>();
        for (const { key, bytes, asks } of history) {
          const value = kept.get(key) ?? { bytes };
          expect([undefined, kept.get(key)]).toContain(cache.get(key));
          if (asks || kept.has(key)) continue;
          kept.set(key, value);
          cache.set(key, value);
        }
        const held = [...kept].filter(([key, value]) => cache.get(key) === value);
        expect(held.reduce((sum, [, { bytes }]) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_BYTES);
      }),
    );
  });

  test("keeps what is used again and again while others come and go", () => {
    const cache = new SizedCache<number, number>(MAX_BYTES, (bytes) => bytes);
    cache.set(0, 10);
    for (let key = 1; key < 1_000; key += 1) {
      cache.set(key, 10);
      expect(cache.get(0)).toBe(10);
    }
    expect(cache.get(1)).toBeUndefined();
    cache.set(-1, 26);
    expect(cache.get(-1)).toBeUndefined();
  });
});
