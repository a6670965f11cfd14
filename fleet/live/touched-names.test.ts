import { expect, test } from "vitest";
import { TouchedNames } from "./touched-names.ts";

test("names that were touched are given once, and then no more", () => {
  const touched = new TouchedNames();
  for (const number of [1, 2, 1, 1, 2]) touched.touch(number, number === 1 ? "web" : "api");
  expect(touched.take()).toEqual(["web", "api"]);
  expect(touched.take()).toEqual([]);
  touched.touch(1, "web");
  expect(touched.take()).toEqual(["web"]);
});

test("a number that stands for another name by now hides neither", () => {
  const touched = new TouchedNames();
  for (const name of ["web", "api", "web"]) touched.touch(1, name);
  expect(touched.take()).toEqual(["web", "api"]);
});
