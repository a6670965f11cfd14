/** Every metric of the status bot. */
import type { MetricDefinition, Metrics } from "#runtime/metrics.ts";

/** The table behind `/metrics`. */
export const METRICS = {
  effects: {
    kind: "counter",
    name: "gitfleet_status_bot_effects_total",
    help: "Looks, judgements, reads and writes that came about.",
    labels: ["effect"],
  },
  failures: {
    kind: "counter",
    name: "gitfleet_status_bot_failures_total",
    help: "Looks, judgements, reads and writes that failed, by who was troubled (one: only this thing).",
    labels: ["effect", "place"],
  },
  statusCommits: {
    kind: "counter",
    name: "gitfleet_status_bot_status_commits_total",
    help: "Commits made on the status branch.",
  },
  webhooks: {
    kind: "counter",
    name: "gitfleet_status_bot_webhooks_total",
    help: "Webhooks with a valid signature that woke the bot.",
  },
  openPulls: {
    kind: "gauge",
    name: "gitfleet_status_bot_open_pull_requests",
    help: "Open pull requests against the tracked branch, as last seen.",
  },
  whole: {
    kind: "gauge",
    name: "gitfleet_status_bot_fleet_seen",
    help: "1 while everything in the buckets has been seen, 0 while some of it may be old.",
  },
  malformed: {
    kind: "gauge",
    name: "gitfleet_status_bot_malformed_payloads",
    help: "Payloads that were not what their key says, dropped since the start.",
  },
} satisfies Record<string, MetricDefinition>;

export type BotMetrics = Metrics<keyof typeof METRICS>["metric"];
