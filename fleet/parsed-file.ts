/** One file of a fleet repository, checked by itself: its problems, and the objects in it that are sound enough to go on with. */
import { FILE_PROBLEMS_MAX } from "#schema/limits.ts";
import { NO_DOCUMENTS, type DocumentCounts } from "./document-counts.ts";
import { FileInProgress } from "./file-in-progress.ts";
import type { KnownParts } from "./known-parts.ts";
import { NO_OBJECTS, packedList, type ParsedObjects } from "./parsed-objects.ts";
import type { Problem } from "./problem.ts";
import { finished } from "./steps.ts";
import { BROKEN_DOCUMENTS_MAX, yamlParts, type TextPart } from "./yaml.ts";

/** What one file gives. */
export interface ParsedFile {
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly objects: ParsedObjects;
  /** Documents of each kind, sound or not. */
  readonly counts: DocumentCounts;
  /** What the next version of this file can take over; null where nothing. */
  readonly parts: KnownParts | null;
}

/** So many documents are read before a caller gets a chance to do something else: a millisecond of work, or two. */
const DOCUMENTS_PER_STEP = 20;

/** Checks the text of one file. */
export function parseFile(path: string, text: string): ParsedFile {
  return finished(parseFileSteps(path, text));
}

/**
 * Checks the text of one file in steps. What `before`, the same file as it was, made of a document of the same text at
 * the same line is taken over as the same objects, and costs next to nothing.
 */
export function* parseFileSteps(path: string, text: string, before?: ParsedFile): Generator<void, ParsedFile> {
  const file = new FileInProgress(path, before);
  const parts = yamlParts(text);
  const first = parts.next();
  if (first.done === true || first.value.end === text.length) file.readWhole(text);
  else yield* readParts(file, text, [first.value, ...parts]);
  const { problems, objects, counts, parts: known } = file;
  return { path, problems: tidy(path, problems), objects, counts, parts: known };
}

function* readParts(file: FileInProgress, text: string, parts: readonly TextPart[]): Generator<void, void> {
  for (const [index, { start, end }] of parts.entries()) {
    file.readPart(text.slice(start, end));
    if (file.broken >= BROKEN_DOCUMENTS_MAX) return;
    if (index % DOCUMENTS_PER_STEP === DOCUMENTS_PER_STEP - 1) yield;
  }
}

/** A file with nothing in it but one problem about the whole of it. */
export function unreadableFile(path: string, code: Problem["code"], message: string): ParsedFile {
  const problem: Problem = { file: path, line: 1, column: 1, code, message };
  return { path, problems: [problem], objects: NO_OBJECTS, counts: NO_DOCUMENTS, parts: null };
}

/** Sorted by place, each once, bounded. */
function tidy(path: string, problems: readonly Problem[]): readonly Problem[] {
  if (problems.length === 0) return packedList(problems);
  const seen = new Set<string>();
  const sorted = problems
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .filter(({ line, column, code, message }) => {
      const key = `${line}:${column}:${code}:${message}`;
      return !seen.has(key) && seen.add(key);
    });
  if (sorted.length <= FILE_PROBLEMS_MAX) return sorted;
  const message = `this file has ${sorted.length} problems; the first ${FILE_PROBLEMS_MAX} are shown`;
  return [
    { file: path, line: 1, column: 1, code: "too-many-problems", message },
    ...sorted.slice(0, FILE_PROBLEMS_MAX),
  ];
}
