/** As much of Markdown as comments of the bot use, as HTML: headings, tables, lists, quotes, code, folded details. */

/** HTML that may stand in a comment; every other tag is shown as text, and comments are not shown at all. */
const ALLOWED_TAG = /&lt;(\/?(?:details|summary|b|i|code|sub|br|kbd))&gt;/g;
const FENCE = /^(`{3,})/;

/** Safe for any input: everything is escaped before anything is marked up. */
export function markdownToHtml(markdown: string): string {
  const lines = markdown.replaceAll(/<!--[\s\S]*?-->/g, "").split("\n");
  const out: string[] = [];
  for (let at = 0; at < lines.length;) {
    const block = blockAt(lines, at);
    out.push(block.html);
    at = block.next;
  }
  return out.join("\n");
}

/** For text between tags and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

interface Block {
  readonly html: string;
  readonly next: number;
}

function blockAt(lines: readonly string[], at: number): Block {
  const line = lines[at] ?? "";
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) return fenced(lines, at, fence);
  const heading = /^(#{1,6}) (.*)$/.exec(line);
  if (heading !== null) {
    const level = heading[1]?.length ?? 1;
    return { html: `<h${level}>${inline(heading[2] ?? "")}</h${level}>`, next: at + 1 };
  }
  if (line.startsWith("|")) return gathered(lines, at, /^\|/, table);
  if (/^[-*] /.test(line))
    return gathered(lines, at, /^[-*] /, (items) => `<ul>${wrapped(items, /^[-*] /, "li")}</ul>`);
  if (line.startsWith(">"))
    return gathered(lines, at, /^>/, (quoted) => `<blockquote>${wrapped(quoted, /^> ?/, "p")}</blockquote>`);
  if (line.trim() === "" || /^<\/?(?:details|summary)/.test(line)) return { html: inline(line), next: at + 1 };
  return { html: `<p>${inline(line)}</p>`, next: at + 1 };
}

function fenced(lines: readonly string[], at: number, fence: string): Block {
  const close = lines.findIndex((line, index) => index > at && line.startsWith(fence));
  const end = close < 0 ? lines.length : close;
  return { html: `<pre>${escaped(lines.slice(at + 1, end).join("\n"))}</pre>`, next: end + 1 };
}

function gathered(lines: readonly string[], at: number, mark: RegExp, write: (block: string[]) => string): Block {
  const end = lines.findIndex((line, index) => index > at && !mark.test(line));
  const next = end < 0 ? lines.length : end;
  return { html: write(lines.slice(at, next)), next };
}

function wrapped(lines: readonly string[], mark: RegExp, tag: string): string {
  return lines.map((line) => `<${tag}>${inline(line.replace(mark, ""))}</${tag}>`).join("");
}

function table(lines: readonly string[]): string {
  const rows = lines
    .filter((line) => !/^\|[\s:|-]+\|?\s*$/.test(line))
    .map((line, index) => {
      const cells = line
        .trim()
        .replace(/^\||\|$/g, "")
        .split(/(?<!\\)\|/);
      return `<tr>${wrapped(
        cells.map((cell) => cell.trim()),
        /^$/,
        index === 0 ? "th" : "td",
      )}</tr>`;
    });
  return `<table>${rows.join("")}</table>`;
}

/** Code spans first: nothing inside them is marked up. */
function inline(text: string): string {
  return text
    .split(/(`+[^`]+`+)/)
    .map((part, index) =>
      index % 2 === 1 ? `<code>${escaped(part.replaceAll(/^`+|`+$/g, "").trim())}</code>` : spans(part),
    )
    .join("");
}

function spans(text: string): string {
  return escaped(text)
    .replaceAll(ALLOWED_TAG, "<$1>")
    .replaceAll(/&amp;(lt|gt|amp|quot);/g, "&$1;")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<b>$1</b>")
    .replaceAll(/\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g, '<a href="$2">$1</a>')
    .replaceAll(/\\([\\`*_{}[\]()#+.!|~@-])/g, "$1");
}
