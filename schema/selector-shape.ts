/** How selectors and labels are written, and what can be wrong with them. */
import { labelKeyFault, labelValueFault, type Labels } from "./labels.ts";
import type { LabelSelector, SelectorExpression } from "./selector.ts";
import { list, object, optional, required, text, type Fault, type MapShape, type Report } from "./shape.ts";
import { quoted } from "./shape-check.ts";
import { packedLabels } from "./packed-labels.ts";
import { suggestion } from "./nearest.ts";

/** A selector as written: Kubernetes' LabelSelector. */
export interface AuthoredSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly AuthoredExpression[];
}

export interface AuthoredExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];

/** Label keys and values, each by the rules of Kubernetes. */
export function labelMapShape(about: string): MapShape {
  return { kind: "map", about, key: keyFault, of: text("a label value", { check: valueFault }) };
}

const expressionShape = object<AuthoredExpression>(
  "one condition on one label",
  {
    key: required(text("a label key", { check: keyFault })),
    operator: required(text(`one of ${OPERATORS.join(", ")}`, { pattern: `^(${OPERATORS.join("|")})$` })),
    values: optional(list("label values, for In and NotIn", text("a label value", { check: valueFault }))),
  },
  { check: checkExpression },
);

/** `matchLabels` and `matchExpressions`, ANDed; empty matches every device. */
export const selectorShape = object<AuthoredSelector>("which devices, by their labels; {} is every device", {
  matchLabels: optional(labelMapShape("labels that a device has")),
  matchExpressions: optional(list("conditions on labels", expressionShape)),
});

/** The selector that a valid authored one means. */
export function selectorOf(authored: AuthoredSelector): LabelSelector {
  return {
    matchLabels: labelsOf(authored.matchLabels),
    matchExpressions: (authored.matchExpressions ?? []).map(expressionOf),
  };
}

/** Labels as they are kept, so that no key is special. */
export function labelsOf(authored: Readonly<Record<string, string>> | undefined): Labels {
  return packedLabels(Object.entries(authored ?? {}));
}

function expressionOf({ key, operator, values = [] }: AuthoredExpression): SelectorExpression {
  return operator === "In" || operator === "NotIn"
    ? { key, operator, values }
    : { key, operator: operator as "Exists" | "DoesNotExist" };
}

/** Values of a wrong type are told by the fields themselves, and not judged here. */
function checkExpression(fields: Readonly<Record<string, unknown>>, report: Report): void {
  const { operator, values } = fields;
  if (typeof operator !== "string") return;
  const fault = expressionFault(operator, values);
  if (fault !== null) report([], { code: "invalid-selector", message: fault });
}

function expressionFault(operator: string, values: unknown): string | null {
  if (!OPERATORS.includes(operator)) {
    return `${quoted(operator)} is not an operator: ${OPERATORS.join(", ")}${suggestion(operator, OPERATORS)}`;
  }
  if (values !== undefined && !Array.isArray(values)) return null;
  const count = values === undefined ? 0 : values.length;
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues && count === 0) return `${operator} needs at least one value`;
  return !wantsValues && count > 0 ? `${operator} takes no values` : null;
}

function keyFault(key: string): Fault | null {
  const why = labelKeyFault(key);
  return why === null ? null : { code: "invalid-label", message: `${quoted(key)} is not a label key: ${why}` };
}

function valueFault(value: string): Fault | null {
  const why = labelValueFault(value);
  return why === null ? null : { code: "invalid-label", message: `${quoted(value)} is not a label value: ${why}` };
}
