/** Text of others in Markdown: shown as it is, with no power to mention, link, format or mark. */

import { codeSpan, plainLine } from "#fleet/escape.ts";

const ELLIPSIS = "…";

/** One line without control characters, of at most `max` characters. */
export function oneLine(text: string, max: number): string {
  const line = plainLine(text);
  const characters = Array.from(line);
  return characters.length <= max ? line : `${characters.slice(0, max - 1).join("")}${ELLIPSIS}`;
}

/** A code span for a table cell or a sentence: nothing in it is a mention, a link, HTML or a marker. */
export function code(text: string, max = 300): string {
  const line = oneLine(text, max);
  return line === "" ? "" : codeSpan(line);
}

/** Text for a place that is no Markdown (a commit status): one line that mentions nobody. */
export function plain(text: string, max: number): string {
  const safe = oneLine(text, max).replaceAll("@", "@\u200b").replaceAll("<!--", "<\u200b!--");
  return Array.from(safe).slice(0, max).join("");
}

/** A block of text that is shown as it is; the fence is longer than any in it. */
export function fenced(lines: readonly string[], language: string): string {
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map((run) => run[0].length)));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...lines.map((line) => line.replaceAll("<!--", "<\u200b!--")), fence].join("\n");
}

/** A table; cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((title) => (title.startsWith(" ") ? "--:" : "---"));
  return [head.map((title) => title.trim()), rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** `1 device`, `2 devices`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A bar of `width` blocks: full for all of it, and never full before. */
export function bar(part: number, whole: number, width = 20): string {
  const filled = whole === 0 ? width : Math.floor((part / whole) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** The first characters of a commit's id, as people write it. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}

/** At most `max` names as code, and how many more there are. */
export function names(all: readonly string[], max: number): string {
  const shown = all
    .slice(0, max)
    .map((name) => code(name))
    .join(", ");
  return all.length > max ? `${shown} and ${all.length - max} more` : shown;
}
