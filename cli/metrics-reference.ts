/** docs/metrics.md, made from the tables that the programs make their metrics from. */
import { METRICS as AGENT } from "#agent/metrics.ts";
import { METRICS as RECONCILER } from "#reconciler/metrics.ts";
import type { MetricDefinition } from "#runtime/metrics.ts";
import { PROCESS_METRICS } from "#runtime/process-metrics.ts";
import { METRICS as STATUS_BOT } from "#status-bot/metrics.ts";
import { markdownTable } from "./markdown-table.ts";

type Table = Readonly<Record<string, MetricDefinition>>;

/** The metrics of each program, and those that all of them have. */
export const METRIC_TABLES: readonly { readonly title: string; readonly about: string; readonly table: Table }[] = [
  {
    title: "Reconciler",
    about: "On `http://127.0.0.1:9280/metrics` unless `--listen` says otherwise. Each replica tells its own view.",
    table: RECONCILER,
  },
  {
    title: "Status bot",
    about: "On `http://127.0.0.1:9281/metrics` unless `--listen` says otherwise. It knows the whole fleet.",
    table: STATUS_BOT,
  },
  {
    title: "Agent",
    about: "Off unless `--listen` names an address: a device behind a firewall is seen through the status bot.",
    table: AGENT,
  },
  { title: "Every program", about: "About the process itself.", table: PROCESS_METRICS },
];

const HEAD = `# Metrics

Made from the programs' own tables (\`npm run docs\` writes this file). Alert rules and a dashboard made of these metrics
are in [deploy/prometheus](../deploy/prometheus) and [deploy/grafana](../deploy/grafana); what to do when one of them
looks wrong is in [operating.md](operating.md).
`;

/** The whole text of docs/metrics.md. */
export function metricsReference(): string {
  const sections = METRIC_TABLES.map(({ title, about, table }) => `## ${title}\n\n${about}\n\n${tableOf(table)}`);
  return [HEAD, ...sections].join("\n");
}

function tableOf(table: Table): string {
  const rows = Object.values(table).map(({ name, kind, labels = [], help }) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return markdownTable(["metric", "kind", "labels", "means"], rows);
}
