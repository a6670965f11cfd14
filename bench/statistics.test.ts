import { expect, test } from "vitest";
import { summarise } from "./statistics.ts";

test("a summary names values that were measured, in any order", () => {
  expect(summarise([30, 10, 20])).toEqual({ median: 20, p90: 30, min: 10, max: 30 });
  expect(summarise([7])).toEqual({ median: 7, p90: 7, min: 7, max: 7 });
});

test("one slow round of twenty moves the maximum, not the median or the ninetieth percentile", () => {
  const values = [...Array.from({ length: 19 }, () => 5), 900];
  expect(summarise(values)).toEqual({ median: 5, p90: 5, min: 5, max: 900 });
});
