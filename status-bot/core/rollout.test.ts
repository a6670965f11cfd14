import { describe, expect, test } from "vitest";
import { sha256Digest } from "#fleet/digest.ts";
import type { DevicePair } from "#schema/keys.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import type { RolloutCounts } from "./progress.ts";
import { progressOf, standingOf } from "./rollout.ts";

const [OLD, OURS, LATER] = ["0".repeat(40), "1".repeat(40), "2".repeat(40)] as const;
const LINE = [LATER, OURS, OLD];
const VALUE = '{"type":"PodmanV0"}';

describe("how far a commit is", () => {
  test("is waiting until the reconciler comes to it, and done when every device runs its value", () => {
    const fleet = new Fleet();
    fleet.record({ applied: OLD });
    expect(fleet.progress(["a", "b"])).toEqual({ kind: "waiting" });
    fleet.record({ applied: OLD, applying: OURS });
    fleet.wants("a", VALUE);
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "rolling", counts: { total: 2, done: 0, pending: 2 } });
    fleet.wants("b", VALUE);
    for (const device of ["a", "b"]) fleet.says(device, "Running", VALUE);
    expect(fleet.progress(["a", "b"]).kind).toBe("rolling");
    fleet.record({ applied: OURS });
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "done", counts: { total: 2, done: 2, unverified: 0 } });
  });

  test("never counts what a device said about another value", () => {
    const fleet = reached(["a"]);
    fleet.says("a", "Running", "an older value");
    expect(fleet.counts(["a"])).toMatchObject({ done: 0, pending: 1 });
    fleet.says("a", "Failed", "an older value");
    expect(fleet.counts(["a"])).toMatchObject({ failed: 0, pending: 1 });
    fleet.says("a", "Running", VALUE);
    expect(fleet.counts(["a"])).toMatchObject({ done: 1 });
  });

  test("counts agents that do not say which value they run, and says how many those are", () => {
    const fleet = reached(["a"]);
    fleet.says("a", "Running", null);
    expect(fleet.counts(["a"])).toMatchObject({ done: 1, unverified: 1 });
  });

  test("does not wait for devices that are offline, but for all that are online", () => {
    const fleet = reached(["a", "b"]);
    fleet.hears("a", 1_000_000);
    fleet.view.judgeOffline(1_050_000, { keep: false });
    fleet.says("a", "Running", VALUE);
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "done", counts: { done: 1, offline: 1 } });
    fleet.hears("b", 1_049_000);
    fleet.view.judgeOffline(1_050_000, { keep: true });
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "rolling", counts: { done: 1, pending: 1 } });
  });

  test("is failed only when nobody is waited for any more, and names who failed and why", () => {
    const fleet = reached(["a", "b"]);
    fleet.says("a", "Failed", VALUE, "no such image");
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "rolling", counts: { failed: 1, pending: 1 } });
    fleet.says("b", "Running", VALUE);
    expect(fleet.progress(["a", "b"])).toMatchObject({
      kind: "failed",
      failed: [{ device: "a", deployment: "web", error: "no such image" }],
    });
  });

  test("waits for a removal until the device has let go", () => {
    const fleet = reached([]);
    fleet.says("a", "Running", VALUE);
    expect(fleet.progress(["a"], null)).toMatchObject({ kind: "rolling" });
    fleet.silent("a");
    expect(fleet.progress(["a"], null)).toMatchObject({ kind: "done", counts: { total: 1, done: 1 } });
  });

  test("is superseded where a later commit wants something else, and goes on where it does not", () => {
    const fleet = reached(["a", "b"]);
    fleet.says("a", "Running", VALUE);
    fleet.record({ applied: LATER });
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "rolling", by: LATER });
    fleet.wants("b", "another value");
    expect(fleet.progress(["a", "b"])).toMatchObject({
      kind: "superseded",
      counts: { done: 1, superseded: 1 },
      by: LATER,
    });
  });

  test("that had failed is not pending again while a later commit is being written", () => {
    const fleet = reached(["a", "b"]);
    fleet.says("a", "Failed", VALUE);
    fleet.says("b", "Running", VALUE);
    fleet.record({ applied: OURS, applying: LATER });
    expect(fleet.progress(["a", "b"]).kind).toBe("failed");
    fleet.wants("a", "another value");
    expect(fleet.progress(["a", "b"])).toMatchObject({ kind: "superseded", by: LATER });
  });

  test("is refused or held as the reconciler says, and superseded once a later commit is applied", () => {
    const fleet = new Fleet();
    const refused = { commit: OURS, message: "why", problems: 2, removes: 3, of: 4 };
    fleet.record({ applied: OLD, refused: { ...refused, reason: "invalid" } });
    expect(fleet.progress([])).toEqual({ kind: "refused", message: "why", problems: 2 });
    fleet.record({ applied: OLD, refused: { ...refused, reason: "held" } });
    expect(fleet.progress([])).toEqual({ kind: "held", message: "why", removes: 3, of: 4 });
    fleet.record({ applied: LATER });
    expect(progressOf(OURS, null, { view: fleet.view, line: LINE })).toMatchObject({ kind: "superseded", by: LATER });
  });

  test("takes a value that only its header ties to the commit, as labels from devices make it", () => {
    const fleet = new Fleet();
    fleet.record({ applied: OURS });
    fleet.wants("a", "rendered otherwise", OURS);
    fleet.says("a", "Running", "rendered otherwise");
    expect(fleet.counts(["a"])).toMatchObject({ done: 1 });
  });

  test("counts every key exactly once", () => {
    const fleet = reached(["a", "b", "c"]);
    fleet.says("a", "Running", VALUE);
    fleet.says("b", "Failed", VALUE);
    const { total, done, failed, pending, offline, superseded } = fleet.counts(["a", "b", "c", "d"]);
    expect(done + failed + pending + offline + superseded).toBe(total);
  });
});

describe("where a commit stands", () => {
  test("is told by the first-parent line of the branch", () => {
    expect(standingOf(OURS, LINE, OURS)).toEqual({ isReached: true, isPassed: false });
    expect(standingOf(OURS, LINE, LATER)).toEqual({ isReached: true, isPassed: true });
    expect(standingOf(OURS, LINE, OLD)).toEqual({ isReached: false, isPassed: false });
    expect(standingOf(OURS, LINE, "f".repeat(40))).toEqual({ isReached: false, isPassed: false });
    expect(standingOf(OURS, LINE, null)).toEqual({ isReached: false, isPassed: false });
  });
});

class Fleet {
  readonly view = new LiveFleet();

  record(parts: object): void {
    const record = { fleet: "f", branch: "main", head: LATER, applied: null, applying: null, applied_at: null };
    this.#put("fleet", "reconciler", JSON.stringify({ ...record, refused: null, desired_keys: 0, ...parts }));
  }

  wants(device: string, value: string, commit?: string): void {
    this.#put("desired-state", `${device}.web`, value, 0, commit);
  }

  says(device: string, phase: string, about: string | null, error: string | null = null): void {
    const digest = about === null ? {} : { desired_digest: sha256Digest(about) };
    const state = {
      device_id: device,
      deployment: "web",
      phase,
      last_event_at: "2026-04-22T17:42:42Z",
      last_error: error,
    };
    this.#put("device-state", `state.${device}.web`, JSON.stringify({ ...state, ...digest }));
  }

  silent(device: string): void {
    this.view.apply("device-state", { kind: "purge", key: `state.${device}.web` });
  }

  hears(device: string, atMs: number): void {
    this.#put("device-heartbeat", `heartbeat.${device}`, heartbeat(device), atMs);
  }

  progress(devices: string[], value: string | null = VALUE): ReturnType<typeof progressOf> {
    const digest = value === null ? null : sha256Digest(value);
    const pairs = devices.map(
      (device) => ({ device, deployment: "web", digest }) as DevicePair & { digest: string | null },
    );
    return progressOf(OURS, { commit: OURS, pairs }, { view: this.view, line: LINE });
  }

  counts(devices: string[]): RolloutCounts {
    const progress = this.progress(devices);
    if (!("counts" in progress)) throw new Error(`${progress.kind} has no counts`);
    return progress.counts;
  }

  #put(
    bucket: "fleet" | "desired-state" | "device-state" | "device-heartbeat",
    key: string,
    text: string,
    atMs = 0,
    commit?: string,
  ): void {
    const headers = (name: string): string | undefined => (name === "Gitfleet-Commit" ? commit : undefined);
    this.view.apply(bucket, { kind: "put", key, value: new TextEncoder().encode(text), atMs, headers });
  }
}

function heartbeat(device: string): string {
  return JSON.stringify({ device_id: device, at: "2026-01-01T00:00:00Z" });
}

function reached(devices: string[]): Fleet {
  const fleet = new Fleet();
  fleet.record({ applied: OURS });
  for (const device of devices) fleet.wants(device, VALUE);
  return fleet;
}
