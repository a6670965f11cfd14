/** What people see of a comment on the model's pages. */
import { describe, expect, test } from "vitest";
import { markdownToHtml } from "./markdown.ts";

describe("markdown on the pages of the model", () => {
  test("headings, tables, lists and folded details are marked up; hidden markers are not shown", () => {
    const text = [
      "<!-- gitfleet -->",
      "### 12 of 340 devices change",
      "| deployment | updated |",
      "|---|--:|",
      "| `web` | **9** |",
      "- one",
      "- two",
      "<details><summary><b>web</b></summary>",
      "```diff",
      "- image: <a>",
      "```",
      "</details>",
    ].join("\n");
    expect(markdownToHtml(text).trim().split("\n")).toEqual([
      "<h3>12 of 340 devices change</h3>",
      "<table><tr><th>deployment</th><th>updated</th></tr><tr><td><code>web</code></td><td><b>9</b></td></tr></table>",
      "<ul><li>one</li><li>two</li></ul>",
      "<details><summary><b>web</b></summary>",
      "<pre>- image: &lt;a&gt;</pre>",
      "</details>",
    ]);
  });

  test("anything else that looks like HTML is text", () => {
    const hostile = '<script>alert(1)</script> <img src=x onerror="alert(1)"> [x](javascript:alert(1)) <b onclick="x">';
    const html = markdownToHtml(hostile);
    expect(html).not.toMatch(/<(script|img|a|b)\b/);
    expect(html).toContain("&lt;script&gt;");
    expect(markdownToHtml("<summary>a &lt;b&gt; &amp; c</summary>")).toBe("<summary>a &lt;b&gt; &amp; c</summary>");
  });

  test("a fence that is never closed goes to the end", () => {
    expect(markdownToHtml("```\na\nb")).toBe("<pre>a\nb</pre>");
  });
});
