import { describe, expect, test } from "vitest";
import type { FeedChange } from "./feed.ts";
import { LeaseSight } from "./lease-sight.ts";
import { leaseText, OVER_SHARE, parseLease } from "./lease-value.ts";

const put = (token: string, revision: number): FeedChange => ({
  kind: "put",
  key: "lease.reconciler",
  value: Buffer.from(leaseText({ holder: `holder of ${token}`, token, duration_ms: 3_000 })),
  revision,
  atMs: 1_000,
  headers: () => undefined,
});
const marker = (revision: number): FeedChange => ({ kind: "delete", key: "lease.reconciler", revision, atMs: 1_000 });
const seenAt = (nowMs: number, live = true) => ({ nowMs, live, parse: (value: Uint8Array) => parseLease(value, 500) });

describe("what is seen of the lease", () => {
  test("keeps from asking the server while somebody else's lease cannot have run out", () => {
    const sight = new LeaseSight("ours");
    sight.see(put("theirs", 5), seenAt(100));
    expect(sight.holder()).toBe("holder of theirs");
    expect(sight.waitMs(100)).toBe(3_000 * OVER_SHARE);
    expect(sight.waitMs(100 + 3_000 * OVER_SHARE)).toBe(0);
  });

  test("has a replayed lease judged at once: it may be long over", () => {
    const sight = new LeaseSight("ours");
    sight.see(put("theirs", 5), seenAt(100, false));
    expect(sight.waitMs(100)).toBe(0);
    expect(sight.foreign()).toMatchObject({ atMs: 1_000, durationMs: 3_000 });
  });

  test("knows its own lease, and a marker as a free one", () => {
    const sight = new LeaseSight("ours");
    sight.see(put("ours", 5), seenAt(100));
    expect([sight.holder(), sight.waitMs(100), sight.isTakenFrom(4)]).toEqual([null, 0, false]);
    sight.see(marker(6), seenAt(200));
    expect([sight.holder(), sight.waitMs(200), sight.isTakenFrom(5), sight.revision]).toEqual([null, 0, true, 6]);
  });

  test("leaves a holder its time when the bucket is lost under it", () => {
    const sight = new LeaseSight("ours");
    sight.see(put("theirs", 5), seenAt(100));
    sight.see({ kind: "absent", key: "lease.reconciler" }, seenAt(1_000));
    expect([sight.holder(), sight.revision, sight.waitMs(1_000)]).toEqual([null, 0, 3_000]);
  });
});

describe("a stored lease", () => {
  test.each(["", "{}", "not json", '{"holder":"a","token":"b","duration_ms":1e9}'])(
    "that cannot be read (%j) is held by somebody unknown, for the usual time",
    (text) => {
      expect(parseLease(Buffer.from(text), 500)).toEqual({ holder: "unknown", token: "", duration_ms: 500 });
    },
  );
});
