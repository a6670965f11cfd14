/**
 * YAML as the contract wants it: YAML 1.2 core schema and nothing beyond, with the place of every value. What is plain
 * is read by a small reader of its own; for everything else the events of js-yaml's parser are put together here, in
 * time and memory that grow with the text alone.
 */
import { parseEvents, type Event } from "js-yaml";
import { YAML_DEPTH_MAX } from "#schema/limits.ts";
import { readPlain } from "./plain-yaml.ts";
import { Composer, type YamlFault, type YamlNode } from "./yaml-composer.ts";
import { plainReason } from "./yaml-messages.ts";

export type { YamlEntry, YamlFault, YamlNode } from "./yaml-composer.ts";

/** So many syntax errors of one file are told before the rest of its documents is left unread. */
const SYNTAX_FAULTS_MAX = 100;

/** What a text holds: its documents, empty ones left out, and every fault. Offsets are those of the whole text. */
export interface YamlReading {
  readonly documents: readonly YamlNode[];
  readonly faults: readonly YamlFault[];
}

/** A part of a text that can be read by itself, from the start of one line to that of another. */
export interface YamlPart extends YamlReading {
  readonly start: number;
  readonly end: number;
}

/** Reads all documents of a text. Where one has a syntax error, the others are still read. */
export function readYaml(text: string): YamlReading {
  const parts = [...readYamlParts(text)];
  return { documents: parts.flatMap(({ documents }) => documents), faults: parts.flatMap(({ faults }) => faults) };
}

/** Reads a text part by part, nearly always document by document. */
export function* readYamlParts(text: string): Generator<YamlPart, void> {
  const whole = isOnePart(text) ? readPart(text, 0, text.length, readEvents) : null;
  if (whole !== null && !whole.isBroken) return yield whole;
  let broken = 0;
  for (const { start, end } of splitDocuments(text)) {
    const part = readPart(text, start, end, readPlainOrEvents);
    yield part;
    broken += part.isBroken ? 1 : 0;
    // Each syntax error costs far more than a document; nobody reads more of them.
    if (broken >= SYNTAX_FAULTS_MAX) return undefined;
  }
  return undefined;
}

/** A directive stands before the marker of the document that it is about, and so may a byte order mark. */
function isOnePart(text: string): boolean {
  return text.includes("\ufeff") || (text.includes("%") && /^[ \t]*%/m.test(text));
}

type ReadDocuments = (text: string, start: number, end: number, faults: YamlFault[]) => readonly YamlNode[] | null;

function readPart(text: string, start: number, end: number, read: ReadDocuments): YamlPart & { isBroken: boolean } {
  const faults: YamlFault[] = [];
  const documents = read(text, start, end, faults);
  return { start, end, documents: documents ?? [], faults, isBroken: documents === null };
}

function readPlainOrEvents(text: string, start: number, end: number, faults: YamlFault[]): readonly YamlNode[] | null {
  return readPlain(text, start, end) ?? readEvents(text, start, end, faults);
}

/** The documents of a text without a syntax error; else null, and the error among the faults. */
export function readEvents(text: string, start: number, end: number, faults: YamlFault[]): YamlNode[] | null {
  const part = text.slice(start, end);
  let events: Event[];
  try {
    events = parseEvents(part, { maxDepth: YAML_DEPTH_MAX });
  } catch (error) {
    faults.push(syntaxFault(error, start));
    return null;
  }
  return new Composer(part, start, events, faults).documents();
}

/** A line that begins with `---` always begins a document, whatever stands before it. */
function* splitDocuments(text: string): Generator<{ readonly start: number; readonly end: number }, void> {
  let start = 0;
  for (let at = text.indexOf("---", 1); at >= 0; at = text.indexOf("---", at + 1)) {
    if (!isLineBreak(text[at - 1]) || !isMarkerEnd(text[at + 3])) continue;
    yield { start, end: at };
    start = at;
  }
  yield { start, end: text.length };
}

function isLineBreak(character: string | undefined): boolean {
  return character === "\n" || character === "\r";
}

function isMarkerEnd(character: string | undefined): boolean {
  return character === undefined || character === " " || character === "\t" || isLineBreak(character);
}

function syntaxFault(error: unknown, shift: number): YamlFault {
  const { reason, mark } = error as { reason?: string; mark?: { position?: number } };
  const why = reason ?? (error instanceof Error ? error.message : String(error));
  const message = `this is not YAML: ${plainReason(why)}`;
  return { offset: shift + (mark?.position ?? 0), code: "yaml-syntax", message };
}
