/** Which devices a deployment is for: Kubernetes' LabelSelector, with Kubernetes' meaning. */
import type { Labels } from "./labels.ts";

/** One condition on one label. `NotIn` and `DoesNotExist` also match a device without the key. */
export type SelectorExpression =
  | { readonly key: string; readonly operator: "In" | "NotIn"; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: "Exists" | "DoesNotExist" };

/** All conditions together, ANDed. Without any it matches every device. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly SelectorExpression[];
}

/** True where a device with these labels is selected. */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  for (const [key, value] of selector.matchLabels) if (labels.get(key) !== value) return false;
  return selector.matchExpressions.every((expression) => expressionMatches(expression, labels));
}

/** True where the labels fulfil one condition. */
export function expressionMatches(expression: SelectorExpression, labels: Labels): boolean {
  const value = labels.get(expression.key);
  switch (expression.operator) {
    case "In":
      return value !== undefined && expression.values.includes(value);
    case "NotIn":
      return value === undefined || !expression.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
