/** Many deployments, each on one device, as NATS would tell of them, and the status files that the bot makes of it. */
import { sha256Digest } from "#fleet/digest.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import { finished } from "#fleet/steps.ts";
import type { BucketName } from "#schema/keys.ts";
import { StatusFiles } from "#status-bot/core/status-files.ts";
import { deploymentName, deviceName } from "./generated-fleet.ts";

const AT = "2026-04-22T17:00:00Z";
const COMMIT = "a".repeat(40);
const VALUE = JSON.stringify({ type: "PodmanV0", data: { services: [{ name: "main" }] } });

export class StatusFleet {
  readonly #view = new LiveFleet();
  readonly files = new StatusFiles(this.#view);

  constructor(deployments: number) {
    const record = { fleet: "bench", branch: "main", head: COMMIT, applied: COMMIT, applying: null, applied_at: AT };
    this.#tell("fleet", "reconciler", JSON.stringify({ ...record, refused: null, desired_keys: deployments }));
    for (let index = 0; index < deployments; index += 1) {
      this.#tell("desired-state", `${deviceName(index)}.${deploymentName(index)}`, VALUE);
      this.reports(index, "Running");
    }
    finished(this.files.update());
  }

  /** The device of a deployment says how it is. */
  reports(index: number, phase: "Running" | "Failed"): void {
    const [device, deployment] = [deviceName(index), deploymentName(index)];
    const error = phase === "Failed" ? "the health check failed 3 times" : null;
    const state = { device_id: device, deployment, phase, last_event_at: AT, last_error: error };
    const text = JSON.stringify({ ...state, desired_digest: sha256Digest(VALUE) });
    this.#tell("device-state", `state.${device}.${deployment}`, text);
  }

  #tell(bucket: BucketName, key: string, text: string): void {
    const value = new TextEncoder().encode(text);
    this.#view.apply(bucket, { kind: "put", key, value, atMs: Date.parse(AT), headers: () => undefined });
  }
}
