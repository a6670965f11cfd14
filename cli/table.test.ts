import { describe, expect, test } from "vitest";
import { table } from "./table.ts";

describe("table", () => {
  test("aligns columns, numbers to the right, without spaces at the ends of lines", () => {
    const rows = [
      ["NAME", "COUNT", ""],
      ["web", "100", "why"],
      ["telemetry", "7", ""],
    ];
    expect(table(rows, { right: [1], indent: 2 })).toBe(
      ["  NAME       COUNT", "  web          100  why", "  telemetry      7", ""].join("\n"),
    );
  });

  test("gives colour no width", () => {
    const rows = [
      ["\u001b[31mred\u001b[39m", "x"],
      ["plain", "y"],
    ];
    expect(table(rows)).toBe("\u001b[31mred\u001b[39m    x\nplain  y\n");
  });
});
