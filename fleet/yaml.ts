/**
 * YAML as the contract wants it: YAML 1.2 core schema and nothing beyond, with the place of every value. The events
 * of js-yaml's parser are put together here, in time and memory that grow with the text alone.
 */
import { parseEvents, type Event } from "js-yaml";
import { YAML_DEPTH_MAX } from "#schema/limits.ts";
import { Composer, type YamlFault, type YamlNode } from "./yaml-composer.ts";
import { plainReason } from "./yaml-messages.ts";

export type { YamlEntry, YamlFault, YamlNode } from "./yaml-composer.ts";

/** So many faults of one file are told before the rest of its documents is left unread. */
const SYNTAX_FAULTS_MAX = 100;

/** What a text holds: its documents, empty ones left out, and every fault. */
export interface YamlReading {
  readonly documents: readonly YamlNode[];
  readonly faults: readonly YamlFault[];
}

/** Reads all documents of a text. Where one has a syntax error, the others are still read. */
export function readYaml(text: string): YamlReading {
  const faults: YamlFault[] = [];
  const whole = readChunk(text, 0, faults);
  if (whole !== null) return { documents: whole, faults };
  faults.length = 0;
  const documents: YamlNode[] = [];
  for (const { start, end } of splitDocuments(text)) {
    // Each syntax error costs far more than a document; nobody reads more of them.
    if (faults.length >= SYNTAX_FAULTS_MAX) break;
    documents.push(...(readChunk(text.slice(start, end), start, faults) ?? []));
  }
  return { documents, faults };
}

/** The documents of a text without a syntax error; else null, and the error among the faults. */
function readChunk(text: string, shift: number, faults: YamlFault[]): YamlNode[] | null {
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: YAML_DEPTH_MAX });
  } catch (error) {
    faults.push(syntaxFault(error, shift));
    return null;
  }
  return new Composer(text, shift, events, faults).documents();
}

/** A line that begins with `---` always begins a document, whatever stands before it. */
function splitDocuments(text: string): { start: number; end: number }[] {
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map((match) => match.index)];
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? text.length }));
}

function syntaxFault(error: unknown, shift: number): YamlFault {
  const { reason, mark } = error as { reason?: string; mark?: { position?: number } };
  const why = reason ?? (error instanceof Error ? error.message : String(error));
  const message = `this is not YAML: ${plainReason(why)}`;
  return { offset: shift + (mark?.position ?? 0), code: "yaml-syntax", message };
}
