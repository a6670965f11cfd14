import { describe, expect, test } from "vitest";
import { KnownKeys } from "./known-keys.ts";

const put = (atUs: number) => ({ atUs, marker: false });
const marker = (atUs: number) => ({ atUs, marker: true });

describe("the known keys", () => {
  test("say of a message whether it is news", () => {
    const known = new KnownKeys();
    expect(known.observe("a", put(1))).toBe(true);
    expect(known.observe("a", put(1))).toBe(false);
    expect(known.observe("a", marker(2))).toBe(true);
    expect(known.observe("a", marker(2))).toBe(false);
    expect(known.observe("a", put(3))).toBe(true);
  });

  test("count values and markers apart", () => {
    const known = new KnownKeys();
    known.observe("a", put(1));
    known.observe("b", put(2));
    known.observe("a", marker(3));
    known.observe("c", marker(4));
    expect({ size: known.size, puts: known.puts }).toEqual({ size: 3, puts: 1 });
    known.observe("a", put(5));
    expect(known.puts).toBe(2);
  });

  test("name after a replay the values that did not come, and forget them and the markers that did not", () => {
    const known = new KnownKeys();
    for (const key of ["a", "b", "c"]) known.observe(key, put(1));
    known.observe("gone", marker(2));
    known.beginReplay();
    known.observe("b", put(1));
    known.observe("new", put(3));
    expect(known.endReplay()).toEqual(["a", "c"]);
    expect({ size: known.size, puts: known.puts, replaying: known.replaying }).toEqual({
      size: 2,
      puts: 2,
      replaying: false,
    });
    expect(known.endReplay()).toEqual([]);
    expect(known.observe("a", put(1))).toBe(true);
  });

  test("begin a replay anew where the one before was cut short", () => {
    const known = new KnownKeys();
    known.observe("a", put(1));
    known.observe("b", put(1));
    known.beginReplay();
    known.observe("a", put(1));
    known.beginReplay();
    known.observe("b", put(1));
    expect(known.endReplay()).toEqual(["a"]);
  });
});
