/** A file while it is being checked, part after part: what its documents make, and what is wrong with them. */
import type { DocumentKind } from "#schema/documents.ts";
import { standingAlone } from "#schema/interned.ts";
import { counted, NO_DOCUMENTS, type DocumentCounts } from "./document-counts.ts";
import { partDigest, PartsNotes, type KnownParts } from "./known-parts.ts";
import { Lines } from "./lines.ts";
import { kindOf, ParsedDocument, placeAt, problemAt, type FileText } from "./parsed-document.ts";
import { collect, emptyCollection, NO_OBJECTS, packed, type ParsedObjects } from "./parsed-objects.ts";
import type { Problem } from "./problem.ts";
import { FLEET_FILE } from "./snapshot.ts";
import { readYamlPart, type YamlNode } from "./yaml.ts";

/** The same file as it was. */
export interface FileBefore {
  readonly objects: ParsedObjects;
  readonly parts: KnownParts | null;
}

const FOLDER_KINDS: Readonly<Record<string, readonly DocumentKind[]>> = {
  deployments: ["Deployment"],
  devices: ["Device", "DeviceSelector"],
  [FLEET_FILE]: ["Fleet"],
};

export class FileInProgress {
  /** In the order they were found. */
  readonly problems: Problem[] = [];
  counts: DocumentCounts = NO_DOCUMENTS;
  /** How many parts could not be read at all. */
  broken = 0;
  readonly #path: string;
  readonly #before: FileBefore;
  readonly #collected = emptyCollection();
  readonly #notes = new PartsNotes();
  /** So many lines stand above the next part. */
  #above = 0;

  constructor(path: string, before: FileBefore = { objects: NO_OBJECTS, parts: null }) {
    this.#path = path;
    this.#before = before;
  }

  get objects(): ParsedObjects {
    return packed(this.#collected);
  }

  get parts(): KnownParts | null {
    return this.#notes.parts(this.#collected);
  }

  /** A file that is one part. */
  readWhole(text: string): void {
    this.#read(text, new Lines(text));
  }

  /** The next of many parts. */
  readPart(text: string): void {
    const lines = new Lines(text, this.#above);
    const digest = partDigest(text);
    this.#notes.begin(this.#above, digest, this.#collected);
    if (!this.#recalls(this.#above, digest)) {
      const problems = this.problems.length;
      // What is kept of one document must not keep the text of all the others.
      this.#read(standingAlone(text), lines);
      if (this.problems.length > problems) this.#notes.spoil();
    }
    this.#above = lines.after;
  }

  #recalls(line: number, digest: string): boolean {
    const { parts, objects } = this.#before;
    if (parts === null) return false;
    const { deployments, devices, selectors, settings } = this.#collected;
    const lengths = [deployments.length, devices.length, selectors.length, settings.length] as const;
    if (!parts.recall(objects, this.#collected, line, digest)) return false;
    this.#count("Deployment", deployments.length - lengths[0]);
    this.#count("Device", devices.length - lengths[1]);
    this.#count("DeviceSelector", selectors.length - lengths[2]);
    this.#count("Fleet", settings.length - lengths[3]);
    return true;
  }

  #count(kind: DocumentKind, more: number): void {
    this.counts = counted(this.counts, kind, more);
  }

  #read(text: string, lines: Lines): void {
    const { documents, faults, isBroken } = readYamlPart(text, 0, text.length);
    this.broken += isBroken ? 1 : 0;
    const source: FileText = { file: this.#path, lines, hasFaults: faults.length > 0 };
    for (const { offset, code, message } of faults) {
      this.problems.push(problemAt(placeAt(source, offset), code, message));
    }
    // What an alias repeats is not in the length of the text.
    const longest = text.includes("*") ? Number.POSITIVE_INFINITY : text.length;
    for (const root of documents) this.#readDocument(source, root, longest);
  }

  #readDocument(source: FileText, root: YamlNode, longest: number): void {
    const kind = kindOf(source, root);
    if (kind === null) return;
    if (typeof kind !== "string") {
      this.problems.push(kind);
      return;
    }
    this.#count(kind, 1);
    const document = new ParsedDocument(kind, source, root);
    const misplaced = misplacedProblem(document, this.#path);
    if (misplaced !== null) this.problems.push(misplaced);
    for (const problem of document.problems) this.problems.push(problem);
    collect(this.#collected, document, placeAt(source, root.entries?.[0]?.offset ?? root.offset), longest);
  }
}

function misplacedProblem(document: ParsedDocument, path: string): Problem | null {
  const kinds = FOLDER_KINDS[path.split("/")[0] ?? ""] ?? [];
  if (kinds.includes(document.kind)) return null;
  const home = Object.entries(FOLDER_KINDS).find(([, held]) => held.includes(document.kind))?.[0];
  const where = home === FLEET_FILE ? FLEET_FILE : `${home}/`;
  const message = `a ${document.kind} belongs into ${where}; here are only documents of kind ${kinds.join(" and ")}`;
  return problemAt(document.placeOf(["kind"]), "unknown-kind", message);
}
