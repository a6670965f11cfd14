/** One file of a fleet repository, checked by itself: its problems, and the objects in it that are sound enough to go on with. */
import type { DocumentKind } from "#schema/documents.ts";
import { FILE_PROBLEMS_MAX } from "#schema/limits.ts";
import { Lines } from "./lines.ts";
import { kindOf, ParsedDocument, placeAt, problemAt, type FileText } from "./parsed-document.ts";
import { collect, noObjects, type ParsedObjects } from "./parsed-objects.ts";
import type { Problem } from "./problem.ts";
import { FLEET_FILE } from "./snapshot.ts";
import { readYamlParts } from "./yaml.ts";

/** What one file gives. */
export interface ParsedFile {
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly objects: ParsedObjects;
  /** Documents of each kind, sound or not. */
  readonly counts: Readonly<Record<DocumentKind, number>>;
}

const NO_DOCUMENTS = { Deployment: 0, Device: 0, DeviceSelector: 0, Fleet: 0 };
const FOLDER_KINDS: Readonly<Record<string, readonly DocumentKind[]>> = {
  deployments: ["Deployment"],
  devices: ["Device", "DeviceSelector"],
  [FLEET_FILE]: ["Fleet"],
};

/** Checks the text of one file. */
export function parseFile(path: string, text: string): ParsedFile {
  const problems: Problem[] = [];
  const objects = noObjects();
  const counts = { ...NO_DOCUMENTS };
  let breaks = 0;
  for (const part of readYamlParts(text)) {
    const lines = new Lines(text, part.start, part.end, breaks);
    breaks = lines.breaks;
    const source: FileText = { file: path, lines, hasFaults: part.faults.length > 0 };
    for (const { offset, code, message } of part.faults)
      problems.push(problemAt(placeAt(source, offset), code, message));
    // What an alias repeats is not in the length of the text.
    const longest = text.slice(part.start, part.end).includes("*") ? Number.POSITIVE_INFINITY : part.end - part.start;
    for (const root of part.documents) {
      const kind = kindOf(source, root);
      if (kind === null) continue;
      if (typeof kind !== "string") {
        problems.push(kind);
        continue;
      }
      counts[kind]++;
      const document = new ParsedDocument(kind, source, root);
      problems.push(...misplaced(document, path), ...document.problems);
      collect(objects, document, placeAt(source, root.entries?.[0]?.offset ?? root.offset), longest);
    }
  }
  return { path, problems: tidy(path, problems), objects, counts };
}

/** A file with nothing in it but one problem about the whole of it. */
export function unreadableFile(path: string, code: Problem["code"], message: string): ParsedFile {
  const problem: Problem = { file: path, line: 1, column: 1, code, message };
  return { path, problems: [problem], objects: noObjects(), counts: NO_DOCUMENTS };
}

function misplaced(document: ParsedDocument, path: string): Problem[] {
  const kinds = FOLDER_KINDS[path.split("/")[0] ?? ""] ?? [];
  if (kinds.includes(document.kind)) return [];
  const home = Object.entries(FOLDER_KINDS).find(([, held]) => held.includes(document.kind))?.[0];
  const where = home === FLEET_FILE ? FLEET_FILE : `${home}/`;
  const message = `a ${document.kind} belongs into ${where}; here are only documents of kind ${kinds.join(" and ")}`;
  return [problemAt(document.placeOf(["kind"]), "unknown-kind", message)];
}

/** Sorted by place, each once, bounded. */
function tidy(path: string, problems: readonly Problem[]): Problem[] {
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
