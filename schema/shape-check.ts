/** Checks a value against a shape: every fault at once, each with its path. */
import { nearest } from "./nearest.ts";
import type {
  Fault,
  FaultPosition,
  ListShape,
  MapShape,
  NumberShape,
  ObjectShape,
  Report,
  Shape,
  TextShape,
  ChoiceShape,
  ValuePath,
} from "./shape.ts";

/** A fault and where it stands in the checked value. */
export interface ShapeIssue extends Fault {
  readonly path: ValuePath;
  readonly at: FaultPosition;
}

/** A text with placeholders: it can be checked only for each device. */
export interface Template {
  readonly path: ValuePath;
  readonly text: string;
  readonly shape: TextShape | ChoiceShape;
}

/** What a check found. */
export interface ShapeFindings {
  readonly issues: ShapeIssue[];
  readonly templates: Template[];
}

export interface CheckOptions {
  /** How many issues are collected before the check stops. */
  readonly issuesMax: number;
  /** The field whose texts may hold placeholders, as a path from the document's root. */
  readonly templatesUnder?: ValuePath;
  /** Whether unknown fields pass and null stands for an absent optional field: for what other versions write. */
  readonly lenient?: boolean;
}

/** Everything that is wrong with `value`. */
export function checkShape(shape: Shape, value: unknown, options: CheckOptions): ShapeFindings {
  const walk: Walk = { options, path: [], templated: options.templatesUnder?.length === 0, issues: [], templates: [] };
  visit(walk, shape, value);
  return { issues: walk.issues, templates: walk.templates };
}

/** The fault of one text, as its shape says. */
export function textFault(shape: TextShape | ChoiceShape, value: string): Fault | null {
  if (shape.kind === "text") return shape.check?.(value) ?? null;
  if (shape.values.includes(value)) return null;
  const meant = nearest(value, shape.values);
  const hint = meant === null ? "" : `; did you mean ${quoted(meant)}?`;
  return { code: "invalid-value", message: `${quoted(value)} is not one of ${shape.values.join(", ")}${hint}` };
}

/** User text for a message: one line, quoted, bounded. */
export function quoted(value: string): string {
  const short = value.length > 80 ? `${value.slice(0, 77).toWellFormed()}…` : value.toWellFormed();
  return JSON.stringify(short);
}

/**
 * Stands for a value that could not be read and whose fault is told elsewhere: it is there, and nothing more is said
 * about it.
 */
export const UNKNOWN: unique symbol = Symbol("unknown");

interface Walk {
  readonly options: CheckOptions;
  readonly path: (string | number)[];
  templated: boolean;
  readonly issues: ShapeIssue[];
  readonly templates: Template[];
}

function visit(walk: Walk, shape: Shape, value: unknown): void {
  if (walk.issues.length >= walk.options.issuesMax || value === UNKNOWN) return;
  switch (shape.kind) {
    case "text":
    case "choice":
      if (typeof value !== "string") return wrongType(walk, "text", value);
      return visitText(walk, shape, value);
    case "flag":
      if (typeof value !== "boolean") wrongType(walk, "true or false", value);
      return undefined;
    case "number":
      return visitNumber(walk, shape, value);
    case "list":
      return Array.isArray(value) ? visitList(walk, shape, value) : wrongType(walk, "a list", value);
    case "map":
      return isMapping(value) ? visitMap(walk, shape, value) : wrongType(walk, "a mapping", value);
    case "object":
      return isMapping(value) ? visitObject(walk, shape, value) : wrongType(walk, "a mapping", value);
  }
}

function visitText(walk: Walk, shape: TextShape | ChoiceShape, value: string): void {
  const literal = shape.kind === "text" && shape.literal === true;
  if (walk.templated && !literal && value.includes("${")) {
    walk.templates.push({ path: [...walk.path], text: value, shape });
    return;
  }
  const fault = textFault(shape, value);
  if (fault !== null) issue(walk, fault);
}

function visitNumber(walk: Walk, shape: NumberShape, value: unknown): void {
  const wanted = shape.integer ? "a whole number" : "a number";
  if (typeof value !== "number") return wrongType(walk, wanted, value);
  if (shape.integer && Number.isFinite(value) && !Number.isInteger(value)) return wrongType(walk, wanted, value);
  const tooSmall = shape.aboveMin === true ? value <= shape.min : value < shape.min;
  if (Number.isFinite(value) && !tooSmall && value <= shape.max) return undefined;
  const least = shape.aboveMin === true ? `above ${shape.min}` : `from ${shape.min}`;
  issue(walk, { code: "invalid-value", message: `expected ${wanted} ${least} to ${shape.max}, got ${value}` });
  return undefined;
}

function visitList(walk: Walk, shape: ListShape, items: readonly unknown[]): void {
  if (items.length < (shape.min ?? 0)) {
    issue(walk, { code: "invalid-value", message: `expected at least ${shape.min ?? 0} entry here` });
  }
  for (const [index, item] of items.entries()) inside(walk, index, () => visit(walk, shape.of, item));
  shape.check?.(items, reporter(walk));
}

function visitMap(walk: Walk, shape: MapShape, value: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(value)) {
    if (walk.issues.length >= walk.options.issuesMax) return;
    const fault = shape.key(key);
    inside(walk, key, () => {
      if (fault !== null) issue(walk, fault, "key");
      visit(walk, shape.of, value[key]);
    });
  }
}

function visitObject(walk: Walk, shape: ObjectShape, value: Readonly<Record<string, unknown>>): void {
  const lenient = walk.options.lenient === true;
  for (const key of Object.keys(value)) {
    if (walk.issues.length >= walk.options.issuesMax) return;
    const field = shape.fields.get(key);
    if (field === undefined) {
      if (!lenient) inside(walk, key, () => issue(walk, unknownField(key, shape), "key"));
    } else if (!(lenient && !field.required && value[key] === null)) {
      visitField(walk, key, field.shape, value[key]);
    }
  }
  for (const [name, field] of shape.fields) {
    if (field.required && !Object.hasOwn(value, name)) {
      issue(
        walk,
        { code: "missing-field", message: `the field ${name} is missing: ${field.shape.about}` },
        "first-key",
      );
    }
  }
  shape.check?.(value, reporter(walk));
}

function visitField(walk: Walk, key: string, shape: Shape, value: unknown): void {
  walk.path.push(key);
  const outer = walk.templated;
  const under = walk.options.templatesUnder;
  if (!outer && under?.length === walk.path.length) {
    walk.templated = under.every((part, index) => part === walk.path[index]);
  }
  visit(walk, shape, value);
  walk.templated = outer;
  walk.path.pop();
}

function inside(walk: Walk, part: string | number, act: () => void): void {
  walk.path.push(part);
  act();
  walk.path.pop();
}

function reporter(walk: Walk): Report {
  return (path, fault, at = "value") => {
    if (walk.issues.length < walk.options.issuesMax) walk.issues.push({ ...fault, path: [...walk.path, ...path], at });
  };
}

function issue(walk: Walk, fault: Fault, at: FaultPosition = "value"): void {
  walk.issues.push({ ...fault, path: [...walk.path], at });
}

function wrongType(walk: Walk, wanted: string, value: unknown): void {
  const hint = wanted === "text" && isPlainScalar(value) ? "; write it in quotes" : "";
  issue(walk, { code: "wrong-type", message: `expected ${wanted}, got ${typeText(value)}${hint}` });
}

function unknownField(key: string, shape: ObjectShape): Fault {
  const meant = nearest(key, shape.fields.keys());
  const known = [...shape.fields.keys()].join(", ");
  const hint =
    meant === null ? `; known here: ${known === "" ? "nothing" : known}` : `; did you mean ${quoted(meant)}?`;
  return { code: "unknown-field", message: `unknown field ${quoted(key)}${hint}` };
}

function typeText(value: unknown): string {
  if (value === null) return "nothing (null)";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return `text ${quoted(value)}`;
  return typeof value === "number" ? `the number ${value}` : `the flag ${value === true}`;
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean";
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
