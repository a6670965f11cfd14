import { expect, test } from "vitest";
import { SharedTexts } from "./shared-texts.ts";

test("equal texts have one number for as long as somebody has it", () => {
  const texts = new SharedTexts();
  const first = texts.take("a");
  expect(texts.take("b")).not.toBe(first);
  expect(texts.take("a")).toBe(first);
  texts.giveBack(first);
  expect(texts.find("a")).toBe(first);
  texts.giveBack(first);
  expect([texts.find("a"), texts.size]).toEqual([undefined, 1]);
  // The number is free for another text.
  expect(texts.textOf(texts.take("c"))).toBe("c");
});

test("a text that is given back too often is a mistake that is told", () => {
  const texts = new SharedTexts();
  const number = texts.take("a");
  texts.giveBack(number);
  expect(() => texts.giveBack(number)).toThrow("more often than it was taken");
});
