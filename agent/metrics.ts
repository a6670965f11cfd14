/** Every metric of the agent. */
import type { MetricDefinition } from "#runtime/metrics.ts";

export const METRICS = {
  steps: {
    kind: "counter",
    name: "gitfleet_agent_steps_total",
    help: "Steps done on podman, by kind and result.",
    labels: ["kind", "result"],
  },
  pullSeconds: {
    kind: "histogram",
    name: "gitfleet_agent_pull_seconds",
    help: "Time to pull an image.",
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900],
  },
  published: {
    kind: "counter",
    name: "gitfleet_agent_published_total",
    help: "Messages to the buckets, by what they say and result.",
    labels: ["kind", "result"],
  },
  events: { kind: "counter", name: "gitfleet_agent_podman_events_total", help: "Events of containers of ours." },
  malformed: {
    kind: "counter",
    name: "gitfleet_agent_foreign_keys_total",
    help: "Keys in the desired state that name no deployment of this device.",
  },
  connected: { kind: "gauge", name: "gitfleet_agent_nats_connected", help: "1 while connected to NATS." },
  followed: {
    kind: "gauge",
    name: "gitfleet_agent_desired_state_followed",
    help: "1 while the agent knows all that is wanted of this device.",
  },
  heartbeatAt: {
    kind: "gauge",
    name: "gitfleet_agent_last_heartbeat_timestamp_seconds",
    help: "When NATS last took a heartbeat, as a Unix time; 0 where it never did.",
  },
  rival: {
    kind: "gauge",
    name: "gitfleet_agent_id_conflict",
    help: "1 while another agent seems to use this device id.",
  },
  savesFailed: {
    kind: "counter",
    name: "gitfleet_agent_saves_failed_total",
    help: "Times the state folder did not take what a start without network needs.",
  },
  podmanUp: { kind: "gauge", name: "gitfleet_agent_podman_up", help: "1 while podman's events are followed." },
  deployments: {
    kind: "gauge",
    name: "gitfleet_agent_deployments",
    help: "Deployments on this device, by phase.",
    labels: ["phase"],
  },
} as const satisfies Record<string, MetricDefinition>;
