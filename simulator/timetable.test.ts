import { expect, test } from "vitest";
import { Timetable } from "./timetable.ts";

test("what is entered comes out when it is due, never before, earliest first", () => {
  const timetable = new Timetable();
  timetable.add(1, 500);
  timetable.add(2, 95);
  timetable.add(3, 101);
  expect(timetable.take(90)).toEqual([]);
  expect(timetable.take(200)).toEqual([2, 3]);
  expect(timetable.take(499)).toEqual([]);
  expect(timetable.take(10_000)).toEqual([1]);
  expect(timetable.take(20_000)).toEqual([]);
});

test("what is due already comes with the next look", () => {
  const timetable = new Timetable();
  expect(timetable.take(1_000)).toEqual([]);
  timetable.add(1, 10);
  expect(timetable.take(1_020)).toEqual([1]);
});
