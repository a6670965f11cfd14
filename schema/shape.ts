/**
 * The shapes of documents, as data: one description that gives the check of what people write (every fault at once,
 * each with its path), the lenient reading of what other versions write, and the JSON Schema for editors.
 */

/** What can be wrong with a value. */
export type FaultCode =
  | "unknown-field"
  | "missing-field"
  | "wrong-type"
  | "invalid-name"
  | "invalid-label"
  | "invalid-selector"
  | "invalid-port"
  | "invalid-image"
  | "invalid-value"
  | "value-too-large"
  | "duplicate-service";

/** One thing that is wrong with one value. */
export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
}

/** Names of fields and indexes of lists, from the outside in. */
export type ValuePath = readonly (string | number)[];

/**
 * Where in a value a fault stands: at it, at its key, at the first key inside it, or, for what is wrong only because
 * something else is there, too, at its occurrence: the alias by which it comes here again, else at it.
 */
export type FaultPosition = "value" | "key" | "first-key" | "occurrence";

/** Tells a fault at a path relative to the value being checked. */
export type Report = (path: ValuePath, fault: Fault, at?: FaultPosition) => void;

export interface TextShape {
  readonly kind: "text";
  readonly about: string;
  readonly check?: (text: string) => Fault | null;
  /** A regular expression for editors. */
  readonly pattern?: string;
  /** Placeholders are not replaced here, even inside a score. */
  readonly literal?: boolean;
}
export interface ChoiceShape {
  readonly kind: "choice";
  readonly about: string;
  readonly values: readonly string[];
}
export interface FlagShape {
  readonly kind: "flag";
  readonly about: string;
}
export interface NumberShape {
  readonly kind: "number";
  readonly about: string;
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** True where `min` itself is not allowed. */
  readonly aboveMin?: boolean;
}
export interface ListShape {
  readonly kind: "list";
  readonly about: string;
  readonly of: Shape;
  readonly min?: number;
  readonly check?: (items: readonly unknown[], report: Report) => void;
}
export interface MapShape {
  readonly kind: "map";
  readonly about: string;
  readonly key: (key: string) => Fault | null;
  readonly of: Shape;
}
export interface Field {
  readonly shape: Shape;
  readonly required: boolean;
}
export interface ObjectShape {
  readonly kind: "object";
  readonly about: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** What no field can say alone. Called whenever the value is a mapping, whatever its fields hold. */
  readonly check?: (fields: Readonly<Record<string, unknown>>, report: Report) => void;
  /** Exactly one of these fields is there; for editors, `check` says it to people. */
  readonly exactlyOne?: readonly string[];
}

/** Any shape. */
export type Shape = TextShape | ChoiceShape | FlagShape | NumberShape | ListShape | MapShape | ObjectShape;

/** The fields of a TypeScript interface, so that a shape cannot forget or invent one. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? OptionalField : RequiredField;
};
type OptionalField = { readonly shape: Shape; readonly required: false };
type RequiredField = { readonly shape: Shape; readonly required: true };

export function required(shape: Shape): RequiredField {
  return { shape, required: true };
}

export function optional(shape: Shape): OptionalField {
  return { shape, required: false };
}

/** The shape of an interface. */
export function object<T>(
  about: string,
  fields: FieldsOf<T>,
  more: Pick<ObjectShape, "check" | "exactlyOne"> = {},
): ObjectShape {
  return { kind: "object", about, fields: new Map(Object.entries<Field>(fields)), ...more };
}

export function list(about: string, of: Shape, more: Pick<ListShape, "check" | "min"> = {}): ListShape {
  return { kind: "list", about, of, ...more };
}

export function text(about: string, more: Pick<TextShape, "check" | "pattern" | "literal"> = {}): TextShape {
  return { kind: "text", about, ...more };
}

export function integer(about: string, min: number, max: number): NumberShape {
  return { kind: "number", about, integer: true, min, max };
}
