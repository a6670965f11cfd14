/** What a PromQL expression asks for: metrics, labels and windows, by Prometheus' own grammar. */
import { parser } from "@prometheus-io/lezer-promql";

export interface Query {
  /** Metrics by name, each with the labels that it is selected by. */
  readonly metrics: ReadonlyMap<string, ReadonlySet<string>>;
  /** Labels that results are grouped or matched by. */
  readonly grouping: ReadonlySet<string>;
  /** Where the expression is no PromQL; empty where it is. */
  readonly errors: readonly string[];
}

/** Takes an expression apart. Grafana's variables are filled in first. */
export function parseQuery(expression: string): Query {
  const text = expression.replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, "x");
  const metrics = new Map<string, Set<string>>();
  const grouping = new Set<string>();
  const errors: string[] = [];
  let selected = new Set<string>();
  parser.parse(text).iterate({
    enter(node) {
      const { type, from, to } = node;
      const part = text.slice(from, to);
      if (type.isError) errors.push(`${text} ⟵ at ${from}: ${part}`);
      if (type.name === "VectorSelector") selected = new Set();
      if (type.name === "Identifier" && node.matchContext(["VectorSelector"])) {
        selected = metrics.get(part) ?? selected;
        metrics.set(part, selected);
      }
      if (type.name !== "LabelName") return;
      if (node.matchContext(["GroupingLabels"])) grouping.add(part);
      else selected.add(part);
    },
  });
  return { metrics, grouping, errors };
}
