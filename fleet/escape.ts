/** Text that others wrote, made safe to show: devices and repositories may say anything. */

const SHOWN_MAX_LENGTH = 1_024;

/** One line without control characters, for terminals and logs. */
export function plainLine(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return line.length <= SHOWN_MAX_LENGTH ? line : `${line.slice(0, SHOWN_MAX_LENGTH - 1).toWellFormed()}…`;
}

/** One line of Markdown that shows the text and does nothing: no mentions, references, HTML, links or markers. */
export function markdownText(text: string): string {
  return (
    plainLine(text)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll(/[\\`*_{}[\]()+!|~-]/g, String.raw`\$&`)
      // A character without width keeps forges from reading a name, a number or an address behind it.
      .replaceAll(/[@#]|:(?=\/\/)|\bwww(?=\.)/g, "$&\u200b")
  );
}

/** One line of HTML text. */
export function htmlText(text: string): string {
  return plainLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A code span of Markdown, also inside a table. */
export function codeSpan(text: string): string {
  const line = plainLine(text)
    .replaceAll("<!--", "<!\u200b--")
    .replaceAll("|", String.raw`\|`);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  const gap = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${gap}${line}${gap}${fence}`;
}
