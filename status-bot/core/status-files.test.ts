import { array, assert, boolean, constantFrom, integer, oneof, property, record } from "fast-check";
import { expect, test } from "vitest";
import { sha256Digest } from "#fleet/digest.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import { finished } from "#fleet/steps.ts";
import type { BucketName } from "#schema/keys.ts";
import { StatusFiles } from "./status-files.ts";

const AT_MS = Date.parse("2026-04-22T17:00:00Z");
const VALUE = "{}";

/** Something that NATS tells, or a look of the bot at what it was told. */
type Step =
  | { readonly kind: "wanted"; readonly device: string; readonly deployment: string; readonly is: boolean }
  | { readonly kind: "says"; readonly device: string; readonly deployment: string; readonly phase: string }
  | { readonly kind: "many"; readonly count: number; readonly is: boolean }
  | { readonly kind: "update" };

const device = constantFrom("kiosk-1", "kiosk-2");
const deployment = constantFrom("web", "db", "api");
const step = oneof(
  record({ kind: constantFrom("wanted" as const), device, deployment, is: boolean() }),
  record({
    kind: constantFrom("says" as const),
    device,
    deployment,
    phase: constantFrom("Running", "Failed", "Pending"),
  }),
  // Around the number from which on files lie in folders of their own.
  record({ kind: constantFrom("many" as const), count: integer({ min: 250, max: 260 }), is: boolean() }),
  record({ kind: constantFrom("update" as const) }),
);

function take(view: LiveFleet, one: Exclude<Step, { kind: "update" }>): void {
  if (one.kind === "many") {
    for (let index = 0; index < one.count; index += 1)
      put(view, "desired-state", `kiosk-1.d-${index}`, one.is && VALUE);
    return;
  }
  if (one.kind === "wanted") return put(view, "desired-state", `${one.device}.${one.deployment}`, one.is && VALUE);
  const state = { device_id: one.device, deployment: one.deployment, phase: one.phase, last_error: "no space left" };
  const about = { last_event_at: "2026-04-22T17:00:00Z", desired_digest: sha256Digest(VALUE) };
  put(view, "device-state", `state.${one.device}.${one.deployment}`, JSON.stringify({ ...state, ...about }));
}

function put(view: LiveFleet, bucket: BucketName, key: string, text: string | false): void {
  if (text === false) return view.apply(bucket, { kind: "delete", key });
  const value = new TextEncoder().encode(text);
  view.apply(bucket, { kind: "put", key, value, atMs: AT_MS, headers: () => undefined });
}

/** What stands on a branch that every pending path was brought to. */
function carryOut(files: StatusFiles, branch: Map<string, string>): void {
  for (const path of files.pending()) {
    const text = files.text(path);
    if (text === null) branch.delete(path);
    else branch.set(path, text);
  }
  files.settled();
}

test("whatever happened and whenever it was looked at, the branch holds what a bot that starts now would write", () => {
  assert(
    property(array<Step>(step, { maxLength: 20 }), (steps) => {
      const view = new LiveFleet();
      const files = new StatusFiles(view);
      const branch = new Map<string, string>();
      for (const one of steps) {
        if (one.kind !== "update") take(view, one);
        else {
          finished(files.update());
          carryOut(files, branch);
        }
      }
      finished(files.update());
      carryOut(files, branch);
      const [laterView, fresh] = [new LiveFleet(), new Map<string, string>()];
      for (const one of steps) if (one.kind !== "update") take(laterView, one);
      const later = new StatusFiles(laterView);
      finished(later.update());
      carryOut(later, fresh);
      expect(Object.fromEntries(branch)).toEqual(Object.fromEntries(fresh));
    }),
    { numRuns: 60 },
  );
});

test("news that come in the middle of a look are in the files after the next one", () => {
  const view = new LiveFleet();
  const files = new StatusFiles(view);
  for (const name of ["api", "db", "web"])
    take(view, { kind: "wanted", device: "kiosk-1", deployment: name, is: true });
  const look = files.update();
  for (let index = 0; index < 4; index += 1) look.next();
  take(view, { kind: "says", device: "kiosk-1", deployment: "web", phase: "Running" });
  take(view, { kind: "wanted", device: "kiosk-1", deployment: "db", is: false });
  finished(look);
  finished(files.update());
  expect(files.text("status/deployments/db.yaml")).toBeNull();
  expect(files.text("status/deployments/web.yaml")).toContain("succeeded: 1");
  expect(files.text("status/README.md")).toContain("1 of 2 succeeded");
});
