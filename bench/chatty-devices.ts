/** Devices that all run, but keep changing their minds about how they are: the traffic of a large, unquiet fleet. */
import { sha256Digest } from "#fleet/digest.ts";
import { startFeed, type FeedChange } from "#nats/feed.ts";
import type { NatsLink } from "#nats/link.ts";
import { createWriter, type Write } from "#nats/writer.ts";
import { canonicalJson } from "#schema/canonical-json.ts";
import { heartbeatKey, parseDesiredKey, stateKey, type DevicePair } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { wireTime } from "#schema/time.ts";
import { nowMs } from "./bucket-clock.ts";

const HEARTBEATS_EVERY_MS = 20_000;
const TICK_MS = 50;

/** Follows what they should run and writes how they are. */
export interface ChattyDevices {
  /** How many desired values there are, of which `is` holds. */
  wanted(is: (text: string) => boolean): number;
  /** Each pair but those that are `silent` says that it runs. */
  settle(silent: (pair: DevicePair) => boolean): Promise<void>;
  /** Flips phase and error of one pair after the other; gives how many changes the server took. */
  chatter(options: { perSecond: number; seconds: number; signal: AbortSignal }): Promise<number>;
  close(): Promise<void>;
}

interface Wanted {
  readonly pair: DevicePair;
  readonly text: string;
  readonly digest: string;
}

/** Starts them, all of them online. */
export function startChattyDevices(link: NatsLink): ChattyDevices {
  const wanted = new Map<string, Wanted>();
  const writer = createWriter(link);
  const change = (one: FeedChange): void => {
    const pair = parseDesiredKey(one.key);
    if (pair === null || one.kind !== "put") return;
    wanted.set(one.key, { pair, text: new TextDecoder().decode(one.value), digest: sha256Digest(one.value) });
  };
  const quiet = { synced: () => undefined, unsynced: () => undefined };
  const feed = startFeed(link, { bucket: "desired-state" }, { change, ...quiet });
  let isSilent: (pair: DevicePair) => boolean = () => false;
  const put = async (write: Write): Promise<void> => {
    const result = await writer.write(write);
    if (result.kind !== "written") throw new Error(`${write.key} was not written: ${result.kind}`);
  };
  const speakers = (): Wanted[] => [...wanted.values()].filter(({ pair }) => !isSilent(pair));
  const heartbeats = (): Promise<void>[] =>
    [...new Set([...wanted.values()].map(({ pair }) => pair.device))].map(
      async (device) => await put(heartbeatOf(device)),
    );
  return {
    wanted: (is) => [...wanted.values()].filter(({ text }) => is(text)).length,
    settle: async (silent) => {
      isSilent = silent;
      await Promise.all([...heartbeats(), ...speakers().map(async (one) => await put(stateOf(one, null)))]);
    },
    chatter: async ({ perSecond, seconds, signal }) => {
      const all = speakers();
      const fromMs = nowMs();
      const writes: Promise<void>[] = [];
      let [sent, heartbeatsAtMs] = [0, fromMs];
      const sendUpTo = async (due: number): Promise<void> => {
        for (; sent < due; sent += 1) {
          await writer.ready();
          const one = all[sent % all.length];
          if (one !== undefined) writes.push(put(stateOf(one, errorOf(sent, all.length))));
        }
      };
      for (let spentMs = 0; spentMs < seconds * 1_000; spentMs = nowMs() - fromMs) {
        signal.throwIfAborted();
        await sendUpTo(Math.floor((spentMs / 1_000) * perSecond));
        if (nowMs() - heartbeatsAtMs > HEARTBEATS_EVERY_MS) {
          heartbeatsAtMs = nowMs();
          writes.push(...heartbeats());
        }
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      await sendUpTo(Math.round(seconds * perSecond));
      await Promise.all(writes);
      return sent;
    },
    close: async () => {
      await feed.stop();
      writer.close();
    },
  };
}

/** Every change of a pair is one: it fails in each second round, each time with another sentence. */
function errorOf(index: number, pairs: number): string | null {
  const round = Math.floor(index / pairs);
  return (index + round) % 2 === 0 ? `main: exited with ${round % 100}; see the logs` : null;
}

function stateOf({ pair, digest }: Wanted, error: string | null): Write {
  const state = {
    device_id: pair.device,
    deployment: pair.deployment,
    phase: error === null ? "Running" : "Failed",
    last_event_at: wireTime(Date.now()),
    last_error: error,
    desired_digest: digest,
  };
  return { bucket: "device-state", key: stateKey(pair), value: canonicalJson(state) };
}

function heartbeatOf(device: DeviceId): Write {
  const value = canonicalJson({ device_id: device, at: wireTime(Date.now()) });
  return { bucket: "device-heartbeat", key: heartbeatKey(device), value };
}
