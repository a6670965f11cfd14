import { expect, it } from "vitest";
import { figuresMarkdown, figuresText } from "./figure-text.ts";
import { figure } from "./row.ts";

const FIGURES = [
  figure({ row: 1, what: "idle poll", size: "S", unit: "ms", value: 5.234, limit: 17.81, target: 0.5 }),
  figure({ row: 8, what: "states", size: "XL", unit: "ms", value: 9_876, limit: 8_000, target: 1.3, nats: "2.9.10" }),
  figure({
    row: 9,
    what: "changes",
    size: "XL",
    unit: "/s",
    value: 70_000,
    limit: 100_000,
    target: 0.8,
    bound: "least",
  }),
  { ...figure({ row: 13, what: "memory", size: "L", unit: "MB", value: 412, target: 600 }), loop_delay_p99_ms: 12.3 },
];

it("a table puts the limit beside each figure", () => {
  expect(`\n${figuresText(FIGURES)}`).toBe(`
row  what       size  gitfleet      limit  ratio    target             nats  loop p99
  1  idle poll     S   5.23 ms    17.8 ms   0.29     ≤ 0.5      met       –         –
  8  states       XL  9,876 ms   8,000 ms   1.23     ≤ 1.3      met  2.9.10         –
  9  changes      XL  70,000/s  100,000/s   0.70     ≥ 0.8  NOT MET       –         –
 13  memory        L    412 MB          –      –  ≤ 600 MB      met       –   12.3 ms
`);
});

it("a page has the same as a table of its own", () => {
  expect(figuresMarkdown(FIGURES.slice(0, 1))).toBe(
    "| row | what | size | gitfleet | limit | ratio | target |  | nats | loop p99 |\n" +
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n" +
      "| 1 | idle poll | S | 5.23 ms | 17.8 ms | 0.29 | ≤ 0.5 | met | – | – |\n",
  );
});
