import { describe, expect, test } from "vitest";
import { judgeRemovals } from "./blast-radius.ts";

const STANDARD = { maxPercent: 30, minKeys: 10 };
const held = (removes: number, of: number, remaining = of - removes, settings = [STANDARD]) =>
  judgeRemovals({ removes, of, remaining }, settings).held;

describe("removals", () => {
  test("are held above the percentage and above the number of keys", () => {
    expect(held(31, 100)).toBe(true);
    expect(held(30, 100)).toBe(false);
    expect(held(10, 20)).toBe(false);
    expect(held(11, 20)).toBe(true);
    expect(held(0, 0)).toBe(false);
  });

  test("are held where nothing would be left where there was something", () => {
    expect(held(1, 1, 0)).toBe(true);
    expect(held(1, 1, 3)).toBe(false);
  });

  test("are judged by the stricter of two settings", () => {
    expect(held(20, 100, 80, [STANDARD, { maxPercent: 10, minKeys: 0 }])).toBe(true);
    expect(held(20, 100, 80, [{ maxPercent: 100, minKeys: 1_000 }, STANDARD])).toBe(false);
    expect(held(40, 100, 60, [{ maxPercent: 100, minKeys: 0 }, STANDARD])).toBe(true);
    expect(
      held(15, 100, 85, [
        { maxPercent: 50, minKeys: 0 },
        { maxPercent: 10, minKeys: 20 },
      ]),
    ).toBe(true);
  });

  test("that are held say how many, and how to let them through", () => {
    const judgement = judgeRemovals({ removes: 40, of: 100, remaining: 60 }, [STANDARD]);
    expect(judgement).toEqual({
      held: true,
      message:
        'this would remove 40 of 100 keys: more than 30 % and more than 10 keys; if it is meant, commit with the trailer "Gitfleet-Allow-Prune: true"',
    });
  });
});
