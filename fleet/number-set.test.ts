import { array, assert, boolean, integer, property, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { NumberSet } from "./number-set.ts";
import { Numbered } from "./numbered.ts";

/** Sets of a few numbers, and sets that stand in several parts. */
const step = integer({ min: 1, max: 3 });
const size = integer({ min: 0, max: 4_000 });
const edits = array(tuple(integer({ min: 0, max: 12_000 }), boolean()), { maxLength: 60 });

function numbersOf(count: number, by: number): number[] {
  return Array.from({ length: count }, (_, index) => index * by);
}

describe("a set of numbers", () => {
  test("holds what a plain set holds, whatever is put in and taken out, and never changes itself", () => {
    assert(
      property(size, step, array(edits, { maxLength: 4 }), (count, by, rounds) => {
        const plain = new Set(numbersOf(count, by));
        let set = NumberSet.of([...plain]);
        for (const round of rounds) {
          const before = [...set];
          const edited = set.edited(new Map(round));
          for (const [number, isIn] of new Map(round)) plain[isIn ? "add" : "delete"](number);
          expect([...set]).toEqual(before);
          set = edited;
          expect([...set]).toEqual([...plain].toSorted((a, b) => a - b));
          expect([...set.toArray()]).toEqual([...set]);
          expect(set.size).toBe(plain.size);
          expect(round.every(([number]) => set.has(number) === plain.has(number))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("is compared with another one as plain sets are", () => {
    assert(
      property(size, step, edits, size, (count, by, changes, other) => {
        const set = NumberSet.of(numbersOf(count, by));
        for (const after of [set.edited(new Map(changes)), NumberSet.of(numbersOf(other, 2))]) {
          const told: Record<"before" | "after", number[]> = { before: [], after: [] };
          set.compare(after, (number, where) => told[where].push(number));
          expect(told.before).toEqual([...set].filter((number) => !after.has(number)));
          expect(told.after).toEqual([...after].filter((number) => !set.has(number)));
          expect(set.equals(after)).toBe(told.before.length + told.after.length === 0);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("that is edited to what it was already is the same set", () => {
    const set = NumberSet.of(numbersOf(3_000, 2));
    const nothing = [2, 4, 6].map((number): [number, boolean] => [number, true]);
    expect(set.edited(new Map([...nothing, [1, false]]))).toBe(set);
  });
});

describe("a numbered list", () => {
  test("holds what a plain list holds, and tells where it differs from one before", () => {
    assert(
      property(
        size,
        array(tuple(integer({ min: 0, max: 9_000 }), integer({ min: -1, max: 3 })), { maxLength: 40 }),
        (count, changes) => {
          const plain: (string | undefined)[] = Array.from({ length: count }, () => "item");
          const before = Numbered.of(plain.slice());
          const replaced = new Map(changes.map(([at, item]) => [at, item < 0 ? undefined : `item ${item}`]));
          const after = before.with(replaced);
          const differing = [...before.differing(after)];
          for (const [at, item] of replaced) plain[at] = item;
          const entries = [...plain.entries()].filter(([, item]) => item !== undefined);
          expect([...after.entries()]).toEqual(entries);
          const expected = [...replaced.keys()].filter((at) => before.at(at) !== after.at(at));
          expect(differing).toEqual(expected.toSorted((a, b) => a - b));
          expect([...before.entries()]).toHaveLength(count);
        },
      ),
      { numRuns: 100 },
    );
  });
});
