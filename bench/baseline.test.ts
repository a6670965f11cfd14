import { describe, expect, it } from "vitest";
import { cheapest, growths, unmeasured } from "./baseline.ts";
import { figure, type Figure } from "./row.ts";

function measured(value: number, more: Partial<Figure> = {}): Figure {
  return figure({ row: 1, what: "poll", size: "S", unit: "ms", value, limit: 10, target: 1, ...more });
}

describe("a quick run", () => {
  it("tells a figure whose ratio grew by more than half, and none that grew by less", () => {
    expect(growths([measured(8), measured(7)], { "1 · poll · S": 0.5 })).toEqual([
      { figure: measured(8), before: 0.5 },
    ]);
  });

  it("tells a rate that fell, since there more is better", () => {
    const rate = { unit: "/s", bound: "least" } as const;
    expect(growths([measured(4, rate), measured(9, rate)], { "1 · poll · S": 1 })).toEqual([
      { figure: measured(4, rate), before: 1 },
    ]);
  });

  it("knows figures again whatever the version of the server", () => {
    expect(unmeasured([measured(1, { nats: "2.15.1" })], { "1 · poll · S · nats": 1 })).toEqual([]);
  });

  it("tells what is not measured any more", () => {
    expect(unmeasured([measured(1)], { "1 · poll · S": 1, "2 · clone · M": 1 })).toEqual(["2 · clone · M"]);
  });

  it("believes the cheapest of several runs", () => {
    expect(cheapest([measured(8)], [measured(4)])).toEqual([measured(4)]);
    expect(cheapest([measured(4)], [measured(8)])).toEqual([measured(4)]);
  });
});

describe("a figure", () => {
  it("without a limit is held against its target itself", () => {
    const memory = { row: 13, what: "memory", size: "L", unit: "MB", target: 600 } as const;
    expect(figure({ ...memory, value: 500 })).toMatchObject({ ratio: null, limit: null, met: true });
    expect(figure({ ...memory, value: 700 })).toMatchObject({ met: false });
  });

  it("that has to be at least something is met above it", () => {
    const rate = { row: 9, what: "changes", size: "XL", unit: "/s", bound: "least", target: 0.8, limit: 100 } as const;
    expect(figure({ ...rate, value: 90 })).toMatchObject({ ratio: 0.9, met: true });
    expect(figure({ ...rate, value: 70 })).toMatchObject({ ratio: 0.7, met: false });
  });
});
