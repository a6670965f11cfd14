/** Trailers at the end of a commit message, found by the rules of `git interpret-trailers --parse`. */

/** `Key: value`; the value is one line. */
export interface Trailer {
  readonly key: string;
  readonly value: string;
}

/** Lines that git itself writes: a paragraph with one of them needs only a quarter of trailers. */
const GIT_PREFIXES = ["Signed-off-by: ", "(cherry picked from commit "];
const SEPARATOR = /^([A-Za-z0-9-]+)[ \t]*:/;

/** The trailers of a message, in their order. */
export function parseTrailers(message: string): Trailer[] {
  const lines = trailerBlock(messageLines(message));
  const trailers: { key: string; value: string }[] = [];
  // What an indented line continues: the line above it, which need not be a trailer.
  let above: { key: string; value: string } | null = null;
  for (const line of lines) {
    if (isComment(line)) continue;
    const match = SEPARATOR.exec(line);
    if (match !== null) {
      above = { key: match[1] ?? "", value: line.slice(match[0].length).trim() };
      trailers.push(above);
    } else if (!/^\s/.test(line)) above = null;
    else if (above !== null) above.value = `${above.value} ${line.trim()}`.trim();
  }
  return trailers;
}

/** True where the message carries `key: value`; keys are compared without case, as git does. */
export function hasTrailer(message: string, key: string, value: string): boolean {
  const wanted = key.toLowerCase();
  return parseTrailers(message).some((trailer) => trailer.key.toLowerCase() === wanted && trailer.value === value);
}

// Everything from a line `---` on is a patch, not the message; comments and blank lines at the end do not count.
function messageLines(message: string): string[] {
  const lines = message.split("\n");
  const divider = lines.findIndex((line) => /^---(?:\s|$)/.test(line));
  const kept = divider < 0 ? lines : lines.slice(0, divider);
  while (kept.length > 0 && (isBlank(kept.at(-1) ?? "") || isComment(kept.at(-1) ?? ""))) kept.pop();
  return kept;
}

// The last paragraph, unless it is the title: all trailers, or one that git wrote and at least a quarter trailers.
function trailerBlock(lines: readonly string[]): string[] {
  const titleEnd = lines.findIndex((line) => !isComment(line) && isBlank(line));
  if (titleEnd < 0) return [];
  const count = { trailers: 0, others: 0, continuations: 0, fromGit: false };
  for (let at = lines.length - 1; at >= titleEnd; at -= 1) {
    const line = lines[at] ?? "";
    if (isComment(line)) {
      count.others += count.continuations;
      count.continuations = 0;
    } else if (isBlank(line)) {
      count.others += count.continuations;
      const enough = count.fromGit && count.trailers * 3 >= count.others;
      return enough || (count.trailers > 0 && count.others === 0) ? lines.slice(at + 1) : [];
    } else countLine(line, count);
  }
  return [];
}

function countLine(
  line: string,
  count: { trailers: number; others: number; continuations: number; fromGit: boolean },
): void {
  if (GIT_PREFIXES.some((prefix) => line.startsWith(prefix))) {
    count.trailers += 1;
    count.continuations = 0;
    count.fromGit = true;
  } else if (SEPARATOR.test(line)) {
    count.trailers += 1;
    count.continuations = 0;
  } else if (/^\s/.test(line)) count.continuations += 1;
  else {
    count.others += 1 + count.continuations;
    count.continuations = 0;
  }
}

function isComment(line: string): boolean {
  return line.startsWith("#");
}

function isBlank(line: string): boolean {
  return line.trim() === "";
}
