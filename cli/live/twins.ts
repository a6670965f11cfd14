/** Two agents with one id: told by what each of them keeps sending. Needs to watch for a while. */
import type { FeedChange } from "#nats/feed.ts";
import { parseHeartbeatKey, parseInfoKey, type BucketName } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { deviceInfoSchema } from "#schema/wire.ts";

/** How often an agent sends a heartbeat when nobody says otherwise. */
export const HEARTBEAT_EVERY_MS = 30_000;

// Of one agent two gaps in a row take twice the interval, of two agents just once: anything up to this is too fast.
const TOO_FAST = 1.25;
// One restart makes one short gap, and with it two fast pairs; two agents make nothing else.
const FAST_PAIRS_MIN = 3;
const TIMES_MAX = 16;
const HOSTS_MAX = 16;

interface Seen {
  /** When the server stored its heartbeats, newest last. */
  readonly times: number[];
  /** Host names in its device-info, in the order they came; the same twice in a row counts once. */
  readonly hosts: string[];
}

/** Watches heartbeats and device-infos; `judge` says which devices look like two. */
export class TwinWatch {
  readonly #seen = new Map<DeviceId, Seen>();

  apply(bucket: BucketName, change: FeedChange): void {
    if (change.kind !== "put") return;
    if (bucket === "device-heartbeat") this.#heartbeat(change.key, change.atMs);
    if (bucket === "device-info") this.#info(change.key, change.value);
  }

  /** Devices that look like two agents, and why. `everyMs` is how often one agent sends a heartbeat. */
  judge(everyMs: number = HEARTBEAT_EVERY_MS): Map<DeviceId, string> {
    const found = new Map<DeviceId, string>();
    for (const [device, { times, hosts }] of this.#seen) {
      const back = hosts.findIndex((host, index) => hosts.indexOf(host) < index);
      if (back > 0) found.set(device, `two machines say that they are it: ${[...new Set(hosts)].join(" and ")}`);
      else if (tooFast(times, everyMs)) {
        found.set(device, "heartbeats come too fast for one agent: two have this id, or one restarts again and again");
      }
    }
    return found;
  }

  #heartbeat(key: string, atMs: number): void {
    const device = parseHeartbeatKey(key);
    if (device === null) return;
    const { times } = this.#of(device);
    times.push(atMs);
    if (times.length > TIMES_MAX) times.shift();
  }

  #info(key: string, value: Uint8Array): void {
    const device = parseInfoKey(key);
    const host = device === null ? null : hostOf(value);
    if (device === null || host === null) return;
    const { hosts } = this.#of(device);
    if (hosts.at(-1) !== host) hosts.push(host);
    if (hosts.length > HOSTS_MAX) hosts.shift();
  }

  #of(device: DeviceId): Seen {
    const seen = this.#seen.get(device) ?? { times: [], hosts: [] };
    this.#seen.set(device, seen);
    return seen;
  }
}

function tooFast(times: readonly number[], everyMs: number): boolean {
  let run = 0;
  for (let i = 2; i < times.length; i += 1) {
    run = times[i]! - times[i - 2]! <= everyMs * TOO_FAST ? run + 1 : 0;
    if (run >= FAST_PAIRS_MIN) return true;
  }
  return false;
}

function hostOf(value: Uint8Array): string | null {
  try {
    const info = deviceInfoSchema.safeParse(JSON.parse(new TextDecoder().decode(value)));
    return info.data?.inventory?.hostname ?? null;
  } catch {
    return null;
  }
}
