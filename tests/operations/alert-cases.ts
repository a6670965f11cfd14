/** A fleet that is well, as Prometheus sees it, and for each alert the smallest change that must set it off. */

/** Values over time, a minute apart, in promtool's notation: `1x120` is 1 for two hours, `0+60x120` grows by 60 a minute. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly alert: string;
  /** Replaces series of the healthy fleet, or takes them away (null). */
  readonly change: Readonly<Record<string, string | null>>;
  /** Minutes after which it is silent still, and after which it must fire. */
  readonly quietAt: number;
  readonly firesAt: number;
}

const A = 'instance="a",job="gitfleet",namespace="fleet"';
const B = 'instance="b",job="gitfleet",namespace="fleet"';
const R = "gitfleet_reconciler";
const S = "gitfleet_status_bot";
const D = "gitfleet_agent";

const INVALID = `${R}_head_refused{${A},reason="invalid"}`;
const HELD = `${R}_head_refused{${A},reason="held"}`;
const FOREIGN = `${R}_stance{${A},stance="foreign-fleet"}`;
const SYNCED = `${R}_bucket_synced{${A},bucket="desired-state"}`;
const DRIFT = `${R}_drift_total{${A},kind="changed"}`;
const LOOK = `${S}_last_success_timestamp_seconds{${A},effect="look"}`;
const TROUBLED = `${S}_troubled{${A},place="git"}`;
const FAILED = `${S}_deployment_devices{${A},deployment="web",standing="failed"}`;
const PENDING = `${S}_deployment_devices{${A},deployment="web",standing="pending"}`;
const OFFLINE = `${S}_deployment_devices{${A},deployment="web",standing="offline"}`;

/** One fleet with a standby, a bot and a device: every figure as near to its limit as is still well. */
export const HEALTHY: Series = {
  [`${R}_is_writer{${A}}`]: "1x180",
  [`${R}_is_writer{${B}}`]: "0x180",
  [`${R}_last_successful_poll_timestamp_seconds{${A}}`]: "0+60x180",
  [`${R}_polls_failed_total{${A}}`]: "5x180",
  [`${R}_in_step{${A}}`]: "1x180",
  [INVALID]: "0x180",
  [HELD]: "0x180",
  [FOREIGN]: "0x180",
  [SYNCED]: "1x180",
  // Nine keys at once.
  [DRIFT]: "0x60 9x120",
  [`${R}_writes_failed_total{${A}}`]: "0x180",
  [`${R}_held_markers{${A}}`]: "0x180",
  [`${R}_withheld_devices{${A}}`]: "0x180",
  [`${R}_bucket_differences{${A}}`]: "0x180",
  [`${R}_dropped_payloads_total{${A},bucket="device-info"}`]: "0x180",
  [`${S}_dropped_payloads_total{${A}}`]: "0x180",
  [`${S}_fleet_seen{${A}}`]: "1x180",
  [TROUBLED]: "0x180",
  [LOOK]: "0+60x180",
  [`${S}_forge_requests_remaining{${A}}`]: "500x180",
  [`${S}_forge_requests_limit{${A}}`]: "5000x180",
  [`${S}_devices{${A}}`]: "20x180",
  [`${S}_devices_offline{${A}}`]: "2x180",
  [FAILED]: "0x180",
  [PENDING]: "2x180",
  [OFFLINE]: "2x180",
  [`${D}_nats_connected{${A}}`]: "1x180",
  [`${D}_desired_state_followed{${A}}`]: "1x180",
  [`${D}_podman_up{${A}}`]: "1x180",
  [`${D}_deployments{${A},phase="Failed"}`]: "0x180",
  [`${D}_saves_failed_total{${A}}`]: "0x180",
  [`${D}_id_conflict{${A}}`]: "0x180",
  [`gitfleet_event_loop_delay_p99_seconds{${A}}`]: "1x180",
};

/** A reconciler that has not reached NATS yet: git was never asked, so nothing is wrong with git. */
export const WAITS_FOR_NATS: AlertCase["change"] = {
  [`${R}_is_writer{${A}}`]: "0x180",
  [`${R}_last_successful_poll_timestamp_seconds{${A}}`]: "0x180",
  [`${R}_polls_failed_total{${A}}`]: "0x180",
  [`${R}_in_step{${A}}`]: "0x180",
  [SYNCED]: "0x180",
};

/** Every alert, and what sets it off alone. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: "GitfleetReconcilerGone",
    change: { [`${R}_is_writer{${A}}`]: null, [`${R}_is_writer{${B}}`]: null },
    quietAt: 4,
    firesAt: 5,
  },
  { alert: "GitfleetNoWriter", change: { [`${R}_is_writer{${A}}`]: "0x180" }, quietAt: 1, firesAt: 2 },
  { alert: "GitfleetTwoWriters", change: { [`${R}_is_writer{${B}}`]: "1x180" }, quietAt: 1, firesAt: 2 },
  {
    alert: "GitfleetRepositoryUnreadable",
    change: { [`${R}_last_successful_poll_timestamp_seconds{${A}}`]: "1x180" },
    quietAt: 12,
    firesAt: 13,
  },
  {
    alert: "GitfleetRepositoryUnreadable",
    change: {
      [`${R}_last_successful_poll_timestamp_seconds{${A}}`]: "0x180",
      [`${R}_polls_failed_total{${A}}`]: "0+1x180",
    },
    quietAt: 2,
    firesAt: 3,
  },
  { alert: "GitfleetCommitInvalid", change: { [INVALID]: "1x180" }, quietAt: 4, firesAt: 5 },
  { alert: "GitfleetCommitHeld", change: { [HELD]: "1x180" }, quietAt: 0, firesAt: 1 },
  { alert: "GitfleetForeignFleet", change: { [FOREIGN]: "1x180" }, quietAt: 0, firesAt: 1 },
  { alert: "GitfleetNotInStep", change: { [`${R}_in_step{${A}}`]: "0x180" }, quietAt: 14, firesAt: 15 },
  { alert: "GitfleetBucketNotFollowed", change: { [SYNCED]: "0x180" }, quietAt: 4, firesAt: 5 },
  {
    alert: "GitfleetWritesFail",
    change: { [`${R}_writes_failed_total{${A}}`]: "0+1x180" },
    quietAt: 10,
    firesAt: 11,
  },
  { alert: "GitfleetDrift", change: { [DRIFT]: "0+1x180" }, quietAt: 15, firesAt: 25 },
  { alert: "GitfleetMarkersHeld", change: { [`${R}_held_markers{${A}}`]: "4x180" }, quietAt: 9, firesAt: 10 },
  { alert: "GitfleetDevicesWithheld", change: { [`${R}_withheld_devices{${A}}`]: "1x180" }, quietAt: 59, firesAt: 60 },
  { alert: "GitfleetBucketDiffers", change: { [`${R}_bucket_differences{${A}}`]: "1x180" }, quietAt: 59, firesAt: 60 },
  { alert: "GitfleetStatusBotGone", change: { [`${S}_fleet_seen{${A}}`]: null }, quietAt: 9, firesAt: 10 },
  { alert: "GitfleetStatusBotTroubled", change: { [TROUBLED]: "1x180" }, quietAt: 9, firesAt: 10 },
  { alert: "GitfleetStatusBotStale", change: { [LOOK]: "0x180" }, quietAt: 15, firesAt: 16 },
  { alert: "GitfleetFleetNotSeen", change: { [`${S}_fleet_seen{${A}}`]: "0x180" }, quietAt: 9, firesAt: 10 },
  {
    alert: "GitfleetForgeBudgetLow",
    change: { [`${S}_forge_requests_remaining{${A}}`]: "499x180" },
    quietAt: 9,
    firesAt: 10,
  },
  { alert: "GitfleetDevicesOffline", change: { [`${S}_devices_offline{${A}}`]: "3x180" }, quietAt: 14, firesAt: 15 },
  { alert: "GitfleetDeploymentFailing", change: { [FAILED]: "1x180" }, quietAt: 14, firesAt: 15 },
  { alert: "GitfleetRolloutStuck", change: { [PENDING]: "3x180" }, quietAt: 59, firesAt: 60 },
  {
    alert: "GitfleetPayloadsDropped",
    change: { [`${R}_dropped_payloads_total{${A},bucket="device-info"}`]: "0+1x180" },
    quietAt: 5,
    firesAt: 6,
  },
  {
    alert: "GitfleetPayloadsDropped",
    change: { [`${S}_dropped_payloads_total{${A}}`]: "0+1x180" },
    quietAt: 5,
    firesAt: 6,
  },
  { alert: "GitfleetAgentWithoutNats", change: { [`${D}_nats_connected{${A}}`]: "0x180" }, quietAt: 14, firesAt: 15 },
  {
    alert: "GitfleetAgentNotFollowing",
    change: { [`${D}_desired_state_followed{${A}}`]: "0x180" },
    quietAt: 14,
    firesAt: 15,
  },
  { alert: "GitfleetAgentWithoutPodman", change: { [`${D}_podman_up{${A}}`]: "0x180" }, quietAt: 4, firesAt: 5 },
  {
    alert: "GitfleetAgentDeploymentFailed",
    change: { [`${D}_deployments{${A},phase="Failed"}`]: "1x180" },
    quietAt: 14,
    firesAt: 15,
  },
  {
    alert: "GitfleetAgentCannotSave",
    change: { [`${D}_saves_failed_total{${A}}`]: "0+1x180" },
    quietAt: 5,
    firesAt: 6,
  },
  { alert: "GitfleetAgentIdTwice", change: { [`${D}_id_conflict{${A}}`]: "1x180" }, quietAt: 4, firesAt: 5 },
  {
    alert: "GitfleetProgramSlow",
    change: { [`gitfleet_event_loop_delay_p99_seconds{${A}}`]: "1.01x180" },
    quietAt: 9,
    firesAt: 10,
  },
];
