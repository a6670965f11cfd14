/** Every query of the dashboard and of the alert rules asks for a metric that exists, by labels that it has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { METRIC_TABLES } from "#cli/metrics-reference.ts";
import type { MetricDefinition } from "#runtime/metrics.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { parseQuery } from "#tests/support/promql.ts";
import { alertRules } from "./alert-rules.ts";

/** What Prometheus adds to whatever it scrapes. */
const SCRAPED = ["job", "instance", "namespace"];

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: { query: string } }[] };
}

const dashboard = JSON.parse(readFileSync(join(repositoryRoot, "deploy/grafana/gitfleet.json"), "utf8")) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const definitions = METRIC_TABLES.flatMap(({ table }) => Object.values(table));

describe("the dashboard", () => {
  const queries = [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, legendFormat }) => ({ place: `${title} ${refId}`, expr, legendFormat })),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => ({ place: name, expr, legendFormat: "" })),
  ];

  test.each(queries)("$place asks for what exists", ({ expr, legendFormat }) => {
    expect(faultsOf(expr, legendFormat)).toEqual([]);
  });

  test("uses no variable that it does not have, and lists values of labels that exist", () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining([...new Set(used)]));
    for (const { query } of dashboard.templating.list.filter((one) => typeof one.query === "object")) {
      const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
      expect([...labelsOf(metric), ...SCRAPED]).toContain(label);
    }
  });

  test("has a row for the fleet and one for each program, and shows every metric", () => {
    const rows = dashboard.panels.filter(({ type }) => type === "row").map(({ title }) => title);
    expect(rows).toEqual(["Fleet", "Reconciler", "Status bot", "Agents that are scraped", "Programs"]);
    const shown = new Set(queries.flatMap(({ expr }) => [...parseQuery(expr).metrics.keys()]));
    const hidden = definitions.filter(({ name }) => !shown.has(name) && !shown.has(`${name}_bucket`));
    expect(hidden.map(({ name }) => name)).toEqual(NOT_SHOWN);
  });

  test("explains each panel, and lays no panel over another", () => {
    expect(panels.filter(({ description = "" }) => description === "").map(({ title }) => title)).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });
});

describe("the alert rules", () => {
  test.each(alertRules())("$alert asks for what exists", ({ expr, annotations }) => {
    expect(faultsOf(expr, annotations["description"] ?? "")).toEqual([]);
  });
});

/** Metrics that say in numbers what another one on the dashboard says better. */
const NOT_SHOWN = [
  "gitfleet_reconciler_git_readable",
  "gitfleet_reconciler_bucket_differences",
  "gitfleet_status_bot_devices_paused",
  "gitfleet_status_bot_deployments",
  "gitfleet_agent_podman_events_total",
  "gitfleet_agent_foreign_keys_total",
  "gitfleet_agent_saves_failed_total",
];

/** What is wrong with a query; `text` may name labels of its result as {{label}} or $labels.label. */
function faultsOf(expr: string, text: string): string[] {
  const { metrics, grouping, errors } = parseQuery(expr);
  const all = [...metrics.keys()].flatMap(labelsOf);
  const unknown = [...metrics.keys()].filter((name) => definitionOf(name) === undefined);
  const wrong = [...metrics].flatMap(([name, labels]) =>
    [...labels].filter((label) => ![...labelsOf(name), ...SCRAPED].includes(label)).map((label) => `${name}{${label}}`),
  );
  const named = [...text.matchAll(/\{\{(\w+)\}\}|\$labels\.(\w+)/g)].map((match) => match[1] ?? match[2] ?? "");
  const loose = [...grouping, ...named].filter((label) => ![...all, ...SCRAPED].includes(label));
  const counts = metrics.size === 0 ? ["no metric"] : [];
  return [...errors, ...unknown, ...wrong, ...loose, ...counts];
}

function definitionOf(name: string): MetricDefinition | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return definitions.find((one) => one.name === name || (one.kind === "histogram" && one.name === base));
}

function labelsOf(name: string): readonly string[] {
  const definition = definitionOf(name);
  return [...(definition?.labels ?? []), ...(definition?.kind === "histogram" ? ["le"] : [])];
}
