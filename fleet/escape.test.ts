import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { codeSpan, markdownText, plainLine } from "./escape.ts";

describe("text that a device wrote", () => {
  test("is one line without control characters", () => {
    expect(plainLine("a\n\u001b[31mb\u202e\tc")).toBe("a [31mb c");
    expect(plainLine("x".repeat(5_000)).length).toBe(1_024);
  });

  test("does nothing in Markdown", () => {
    const shown = markdownText(
      "@everyone see <!-- gitfleet:plan --> <script> #12 [x](http://evil) **b** `c` | www.evil.example",
    );
    expect(shown).not.toMatch(/@everyone|<|#12|\]\(http|[^\\]\*\*|[^\\]`|:\/\/|www\./);
  });

  test("can hold no tag, mention or row of a table, whatever it is", () => {
    assert(
      property(string({ unit: "binary" }), (text) => {
        const shown = markdownText(text);
        expect(shown).not.toMatch(/[<\n\r]|@(?!\u200b)|(?<!\\)(?:\\\\)*\|/);
        expect(codeSpan(text)).not.toMatch(/[\n\r]|<!--|(?<!\\)\|/);
      }),
      { numRuns: 1_000 },
    );
  });

  test("stays within its code span", () => {
    expect(codeSpan("a ` b `` c")).toBe("```a ` b `` c```");
    expect(codeSpan("`x`")).toBe("`` `x` ``");
  });
});
