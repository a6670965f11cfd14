import { array, assert, boolean, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { BoundedQueue } from "./bounded-queue.ts";

describe("a bounded queue", () => {
  test("refuses what does not fit", () => {
    const queue = new BoundedQueue<number>(2);
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
    expect(queue.shift()).toBe(1);
    expect(queue.push(4)).toBe(true);
    expect(queue.drain()).toEqual([2, 4]);
    expect(queue.shift()).toBeUndefined();
    expect(queue.size).toBe(0);
  });

  test("gives back in order what was put in, as an array would", () => {
    const step = record({ count: integer({ min: 0, max: 3_000 }), push: boolean() });
    assert(
      property(array(step, { maxLength: 8 }), (steps) => {
        const queue = new BoundedQueue<number>(100_000);
        const model: number[] = [];
        const taken: [number | undefined, number | undefined][] = [];
        let next = 0;
        for (const { count, push } of steps) {
          for (let n = 0; n < count; n += 1) {
            next += 1;
            if (push) queue.push(next);
            if (push) model.push(next);
            else taken.push([queue.shift(), model.shift()]);
          }
        }
        expect(taken.filter(([mine, arrays]) => mine !== arrays)).toEqual([]);
        expect(queue.size).toBe(model.length);
        expect(queue.drain()).toEqual(model);
      }),
      { numRuns: 30 },
    );
  });
});
