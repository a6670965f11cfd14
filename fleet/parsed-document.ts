/** One YAML document of a fleet repository, checked by itself: its problems, and whatever of it is sound. */
import { documentShape, DOCUMENT_KINDS, type DocumentKind } from "#schema/documents.ts";
import { FILE_PROBLEMS_MAX } from "#schema/limits.ts";
import { suggestion } from "#schema/nearest.ts";
import type { FaultPosition, ValuePath } from "#schema/shape.ts";
import { checkShape, quoted, textFault, UNKNOWN, type ShapeIssue, type Template } from "#schema/shape-check.ts";
import type { PlacedTemplate } from "./fleet.ts";
import type { Lines } from "./lines.ts";
import type { Place, Problem, ProblemCode } from "./problem.ts";
import { isConstant, parseTemplate, renderParts } from "./template.ts";
import type { DeviceId } from "#schema/names.ts";
import type { YamlNode } from "./yaml.ts";

/** The fields of a score whose texts may hold placeholders. */
const TEMPLATES_UNDER = ["spec", "score", "data"];
/** Nobody: a constant text is the same for every device. */
const NO_DEVICE = { id: "" as DeviceId, labels: new Map<string, string>() };

/** A text and the YAML node that it stands in. */
export interface FileText {
  readonly file: string;
  readonly lines: Lines;
  /** True where some value could not be read. */
  readonly hasFaults: boolean;
}

/** A document of a known kind. */
export class ParsedDocument {
  readonly kind: DocumentKind;
  readonly problems: Problem[] = [];
  /** Texts with placeholders that read well, by the path of the text. */
  readonly templates: (PlacedTemplate & { readonly path: ValuePath })[] = [];
  readonly #issues: ShapeIssue[];
  readonly #source: FileText;
  readonly #root: YamlNode;

  constructor(kind: DocumentKind, source: FileText, root: YamlNode) {
    this.kind = kind;
    this.#source = source;
    this.#root = root;
    const options = { issuesMax: FILE_PROBLEMS_MAX, templatesUnder: TEMPLATES_UNDER };
    const { issues, templates } = checkShape(documentShape(kind), root.value, options);
    this.#issues = issues;
    for (const template of templates) this.#readTemplate(template);
    for (const issue of issues)
      this.problems.push(problemAt(this.placeOf(issue.path, issue.at), issue.code, issue.message));
  }

  /** True where nothing at this path or inside it is wrong. */
  isSound(...path: ValuePath): boolean {
    if (this.#issues.length === 0 && !this.#source.hasFaults) return true;
    const touched = this.#issues.some((issue) => path.every((part, index) => issue.path[index] === part));
    return !touched && !holdsUnknown(this.valueAt(path));
  }

  /** The plain value at a path, or undefined; not known where a part of the way could not be read. */
  valueAt(path: ValuePath): unknown {
    let node: YamlNode | undefined = this.#root;
    for (const part of path) {
      if (node?.value === UNKNOWN) return UNKNOWN;
      node = childOf(node, part)?.node;
    }
    return node?.value;
  }

  /** Where the value at a path stands; for a path that is not there, where the last part of it that is there stands. */
  placeOf(path: ValuePath, at: FaultPosition = "value"): Place {
    return placeAt(this.#source, offsetOf(this.#root, path, at));
  }

  #readTemplate({ path, text, shape }: Template): void {
    const read = parseTemplate(text);
    if (read.kind === "invalid") {
      this.#issues.push({ path, at: "value", code: "invalid-value", message: read.message });
    } else if (isConstant(read.parts)) {
      const rendered = renderParts(read.parts, NO_DEVICE);
      const fault = rendered.kind === "text" ? textFault(shape, rendered.text) : null;
      if (fault !== null) this.#issues.push({ path, at: "value", ...fault });
    } else {
      this.templates.push({ path, place: this.placeOf(path), parts: read.parts, shape });
    }
  }
}

/** The kind a document says it is, or a problem. A document that is no mapping is a problem, too. */
export function kindOf(source: FileText, root: YamlNode): DocumentKind | Problem | null {
  if (root.value === UNKNOWN) return null;
  if (root.entries === null) {
    const message = `a document is a mapping with apiVersion, kind, metadata and spec, not ${root.items === null ? "a single value" : "a list"}`;
    return problemAt(placeAt(source, root.offset), "wrong-type", message);
  }
  const entry = root.entries.find(({ key }) => key === "kind");
  if (entry === undefined) {
    const place = placeAt(source, offsetOf(root, [], "first-key"));
    return problemAt(place, "missing-field", `the field kind is missing: one of ${DOCUMENT_KINDS.join(", ")}`);
  }
  const kind = entry.node.value;
  if (kind === UNKNOWN) return null;
  const place = placeAt(source, entry.node.offset);
  if (typeof kind !== "string") return problemAt(place, "wrong-type", "the kind of a document is text");
  const known = DOCUMENT_KINDS.find((name) => name === kind);
  if (known !== undefined) return known;
  const message = `${quoted(kind)} is no kind: there are ${DOCUMENT_KINDS.join(", ")}${suggestion(kind, DOCUMENT_KINDS)}`;
  return problemAt(place, "unknown-kind", message);
}

export function problemAt(place: Place, code: ProblemCode, message: string): Problem {
  return { ...place, code, message };
}

export function placeAt(source: FileText, offset: number): Place {
  return { file: source.file, ...source.lines.at(offset) };
}

/** True where a part of the value could not be read. */
function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}

function childOf(node: YamlNode | undefined, part: string | number): { node: YamlNode; offset: number } | undefined {
  if (typeof part === "string") return node?.entries?.find(({ key }) => key === part);
  const item = node?.items?.[part];
  return item === undefined ? undefined : { node: item, offset: item.offset };
}

function offsetOf(root: YamlNode, path: ValuePath, at: FaultPosition): number {
  let node = root;
  let keyOffset = root.offset;
  for (const part of path) {
    const child = childOf(node, part);
    if (child === undefined) break;
    ({ node, offset: keyOffset } = child);
    if (at === "occurrence" && node.isAlias === true) break;
  }
  switch (at) {
    case "key":
      return keyOffset;
    case "first-key":
      return node.entries?.[0]?.offset ?? node.offset;
    case "occurrence":
    case "value":
      return node.offset;
  }
}
