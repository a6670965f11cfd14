import { expect, it } from "vitest";
import { chosen } from "./choice.ts";

it.each([
  [[], "everything"],
  [["--quick"], "everything"],
  [["--row", "3", "--quick"], "row"],
  [["--only", "loop"], "part"],
  [["--quick", "--record"], "record"],
])("%j is understood", (args, kind) => {
  expect(chosen(args)?.kind).toBe(kind);
});

it.each([
  [["--row", "three"]],
  [["--only", "nothing"]],
  [["--row", "3", "--only", "loop"]],
  [["--record"]],
  [["--format", "xml"]],
  [["--rounds", "0"]],
  [["--unknown"]],
])("%j is refused", (args) => {
  expect(chosen(args)).toBeNull();
});
