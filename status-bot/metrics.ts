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
  dropped: {
    kind: "counter",
    name: "gitfleet_status_bot_dropped_payloads_total",
    help: "Payloads that were not what their key says.",
  },
  succeededAt: {
    kind: "gauge",
    name: "gitfleet_status_bot_last_success_timestamp_seconds",
    help: "When a look, judgement, read or write last came about, as a Unix time.",
    labels: ["effect"],
  },
  troubled: {
    kind: "gauge",
    name: "gitfleet_status_bot_troubled",
    help: "1 while a place (forge, git, status-branch) does not do what it is asked.",
    labels: ["place"],
  },
  budget: {
    kind: "gauge",
    name: "gitfleet_status_bot_forge_requests_remaining",
    help: "Requests that the forge still takes before it asks for a pause, by its last answer.",
  },
  budgetLimit: {
    kind: "gauge",
    name: "gitfleet_status_bot_forge_requests_limit",
    help: "Requests that the forge takes within its period, by its last answer.",
  },
  devices: {
    kind: "gauge",
    name: "gitfleet_status_bot_devices",
    help: "Devices that should run something.",
  },
  devicesOffline: {
    kind: "gauge",
    name: "gitfleet_status_bot_devices_offline",
    help: "Of those, devices without a heartbeat for the fleet's offlineAfter.",
  },
  devicesPaused: {
    kind: "gauge",
    name: "gitfleet_status_bot_devices_paused",
    help: "Of those, devices that a file in git pauses.",
  },
  deployments: {
    kind: "gauge",
    name: "gitfleet_status_bot_deployments",
    help: "Deployments that any device should run.",
  },
  deploymentDevices: {
    kind: "gauge",
    name: "gitfleet_status_bot_deployment_devices",
    help: "Devices of a deployment (the first 1,000 by name) by standing: succeeded, failed or pending; offline and unverified are among these, paused are not.",
    labels: ["deployment", "standing"],
  },
} satisfies Record<string, MetricDefinition>;

export type BotMetrics = Metrics<keyof typeof METRICS>["metric"];
