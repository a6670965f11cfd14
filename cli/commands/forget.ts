/** `gitfleet forget`: removes what a retired device left in NATS, markers included. */
import { z } from "zod";
import type { NatsLink } from "#nats/link.ts";
import { purgeKey } from "#nats/purge.ts";
import { createWriter, type WriteResult } from "#nats/writer.ts";
import { readKey } from "#nats/compare-and-set.ts";
import { OutsideError, UsageError } from "#runtime/errors.ts";
import { RECONCILER_RECORD_KEY } from "#schema/keys.ts";
import { parseDeviceId, type DeviceId } from "#schema/names.ts";
import { reconcilerRecordSchema } from "#schema/wire.ts";
import { defineCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { deviceKeys, type DeviceKey, type DeviceKeys } from "../live/device-keys.ts";
import { FOLLOWED } from "../live/follow.ts";
import { ageText } from "../live/status-text.ts";
import { serverClockOffsetMs, withNats } from "../nats-session.ts";
import { natsSettings } from "../nats-settings.ts";
import { count } from "../problem-text.ts";

export const command = defineCommand({
  name: "forget",
  summary: "remove what a retired device left in NATS",
  examples: [
    { line: "gitfleet forget kiosk-0001", does: "its device-info, heartbeat, states and markers are gone" },
    { line: "gitfleet forget kiosk-0001 --force", does: "even though it is online or still has something to run" },
  ],
  arguments: [{ name: "DEVICE", required: true, description: "the device's id" }],
  settings: z.object({
    force: z
      .boolean()
      .default(false)
      .meta({ description: "though the device is online or still has something to run" }),
    ...natsSettings,
  }),
  notes: [
    "First remove the device's file from the repository and stop its agent. What the device should run (desired-state)\n" +
      "is never touched: only the reconciler writes there. In a fleet with `admission: reported` that needs --force:\n" +
      "the reconciler takes the device's keys back once its device-info is gone.",
  ],
  run: async ({ settings, args, io, signal }) => {
    const device = parseDeviceId(args[0] ?? "");
    if (device === null) throw new UsageError(`"${args[0]}" cannot be a device id`);
    return withNats({ nats: settings.nats, signal, buckets: FOLLOWED }, async (link) => {
      const keys = await deviceKeys(link, device, signal);
      try {
        return await forget(link, { device, keys, force: settings.force, io, signal });
      } finally {
        await keys.stop();
      }
    });
  },
});

interface Forgetting {
  readonly device: DeviceId;
  readonly keys: DeviceKeys;
  readonly force: boolean;
  readonly io: Io;
  readonly signal: AbortSignal;
}

async function forget(link: NatsLink, { device, keys, force, io, signal }: Forgetting): Promise<number> {
  const found = keys.list();
  if (found.length === 0) {
    io.err(`NATS has nothing of a device "${device}"; \`gitfleet devices\` lists those it knows\n`);
    return 1;
  }
  const refusal = force ? null : await whyNot(link, device, found);
  if (refusal !== null) {
    io.err(`${io.paintErr("red", "not forgotten:")} ${refusal}\n`);
    return 1;
  }
  const live = found.filter(({ bucket, marker }) => bucket !== "desired-state" && !marker);
  await leaveMarkers(link, live);
  // Readers learn from the marker; only then may it go, too.
  await keys.withoutLiveKeys(signal);
  const markers = keys.list().filter(({ marker }) => marker);
  for (const { bucket, key, revision } of markers) await purgeKey(link, { bucket, key, upToRevision: revision });
  const older = markers.length - live.length;
  const rest = older > 0 ? ` and ${count(older, "old marker")}` : "";
  io.out(`forgot ${device}: ${[...countByBucket(live)].join(", ") || "no live keys"}${rest}\n`);
  return 0;
}

async function whyNot(link: NatsLink, device: DeviceId, found: readonly DeviceKey[]): Promise<string | null> {
  const wanted = found.filter(({ bucket, marker }) => bucket === "desired-state" && !marker);
  if (wanted.length > 0) {
    return (
      `${count(wanted.length, "deployment")} should still run on ${device} ` +
      `(${wanted.map(({ key }) => key.slice(device.length + 1)).join(", ")}). Remove its file from the repository and ` +
      "wait until that is applied, or use --force."
    );
  }
  const heartbeat = found.find(({ bucket, marker }) => bucket === "device-heartbeat" && !marker);
  if (heartbeat === undefined) return null;
  const silentMs = Date.now() + (await serverClockOffsetMs(link)) - heartbeat.atMs;
  if (silentMs > (await offlineAfterMs(link))) return null;
  return (
    `${device} is online (heartbeat ${ageText(silentMs)} ago) and would report again at once. ` +
    "Stop its agent first, or use --force."
  );
}

async function offlineAfterMs(link: NatsLink): Promise<number> {
  const state = await readKey(link, "fleet", RECONCILER_RECORD_KEY);
  const text = state?.value == null ? "null" : new TextDecoder().decode(state.value);
  const record = reconcilerRecordSchema.safeParse(JSON.parse(text));
  return (record.data?.offline_after_seconds ?? 90) * 1_000;
}

async function leaveMarkers(link: NatsLink, live: readonly DeviceKey[]): Promise<void> {
  const writer = createWriter(link);
  try {
    const writes = live.map(({ bucket, key, revision }) =>
      writer.write({ bucket, key, kind: "delete", expectedRevision: revision }),
    );
    for (const result of await Promise.all(writes)) checkWritten(result);
  } finally {
    writer.close();
  }
}

function checkWritten(result: WriteResult): void {
  switch (result.kind) {
    case "written":
      return;
    case "conflict":
      throw new OutsideError("the device wrote again in this moment: it is alive", { hint: "Stop its agent first." });
    case "failed":
      throw new OutsideError(result.error.message, { cause: result.error.cause });
  }
}

function countByBucket(live: readonly DeviceKey[]): string[] {
  const words = { "device-info": "device-info", "device-heartbeat": "heartbeat", "device-state": "state" } as const;
  return Object.entries(words).flatMap(([bucket, word]) => {
    const number = live.filter((key) => key.bucket === bucket).length;
    return number === 0 ? [] : [number === 1 ? word : `${number} ${word}s`];
  });
}
