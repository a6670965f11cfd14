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

/** So many documents of one file with syntax errors are told before the rest is left unread: each costs far more than another. */
export const BROKEN_DOCUMENTS_MAX = 100;

/** What a text holds: its documents, empty ones left out, and every fault. */
export interface YamlReading {
  readonly documents: readonly YamlNode[];
  readonly faults: readonly YamlFault[];
}

/** What a part of a text holds. */
export interface YamlPartReading extends YamlReading {
  /** True where a syntax error kept it from being read. */
  readonly isBroken: boolean;
}

/** From the start of one line to that of another. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
}

/** Reads all documents of a text. Where one has a syntax error, the others are still read. */
export function readYaml(text: string): YamlReading {
  const parts: YamlReading[] = [];
  let broken = 0;
  for (const { start, end } of yamlParts(text)) {
    const part = readYamlPart(text, start, end);
    parts.push(part);
    broken += part.isBroken ? 1 : 0;
    if (broken >= BROKEN_DOCUMENTS_MAX) break;
  }
  return { documents: parts.flatMap(({ documents }) => documents), faults: parts.flatMap(({ faults }) => faults) };
}

/** The parts of a text that can be read each by itself: from one `---` to the next. */
export function* yamlParts(text: string): Generator<TextPart, void> {
  if (isOnePart(text) && readEvents(text, 0, text.length, []) !== null) {
    return yield { start: 0, end: text.length };
  }
  let start = 0;
  for (let at = text.indexOf("---", 1); at >= 0; at = text.indexOf("---", at + 1)) {
    if (!isLineBreak(text[at - 1]) || !isMarkerEnd(text[at + 3])) continue;
    yield { start, end: at };
    start = at;
  }
  return yield { start, end: text.length };
}

/** Reads one part of a text. Offsets are those of the whole text. */
export function readYamlPart(text: string, start: number, end: number): YamlPartReading {
  const plain = readPlain(text, start, end);
  if (plain !== null) return { documents: plain, faults: [], isBroken: false };
  const faults: YamlFault[] = [];
  const documents = readEvents(text, start, end, faults);
  return { documents: documents ?? [], faults, isBroken: documents === null };
}

/** A directive stands before the marker of the document that it is about, and so may a byte order mark. */
function isOnePart(text: string): boolean {
  return text.includes("\ufeff") || (text.includes("%") && /^[ \t]*%/m.test(text));
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
