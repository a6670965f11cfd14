/** Looks at a running fleet from outside: NATS as `gitfleet status` reads it, the device's podman, its published port. */
import type { Aggregate } from "#fleet/aggregate.ts";
import { desiredState } from "#fleet/desired.ts";
import { readKey } from "#nats/compare-and-set.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { errorText } from "#runtime/errors.ts";
import type { BucketName } from "#schema/keys.ts";
import type { LocalFleet } from "#sandbox/local-fleet.ts";
import { until } from "#sandbox/until.ts";
import { readFleetFolder } from "../fleet-folder.ts";
import { follow, type Following } from "../live/follow.ts";
import { statusOf, type FleetStatus } from "../live/status.ts";
import { connect } from "../nats-session.ts";

const WAIT_LIMIT_MS = 60_000;
const HTTP_LIMIT_MS = 1_000;

/** How many devices each deployment is meant for. */
export type Matches = ReadonlyMap<string, number>;

/** An open view of a fleet. */
export class FleetObserver {
  readonly #fleet: LocalFleet;
  readonly #link: NatsLink;
  readonly #following: Following;
  readonly #signal: AbortSignal;

  /** Waits for the buckets, which the reconciler makes. */
  static async open(fleet: LocalFleet, signal: AbortSignal): Promise<FleetObserver> {
    const link = await connect(natsOptionsSchema.parse({ servers: [fleet.nats.url] }), signal);
    const following = await until("the reconciler makes the buckets", async () => await follow(link, { signal }), {
      limitMs: WAIT_LIMIT_MS,
      signal,
    });
    return new FleetObserver(fleet, link, following, signal);
  }

  private constructor(fleet: LocalFleet, link: NatsLink, following: Following, signal: AbortSignal) {
    this.#fleet = fleet;
    this.#link = link;
    this.#following = following;
    this.#signal = signal;
  }

  /** Waits for something to become true; fails at once where one of the fleet's programs ended. */
  async wait<T>(
    what: string,
    probe: () => Promise<T | false | null> | T | false | null,
    limitMs = WAIT_LIMIT_MS,
  ): Promise<T> {
    let died: string | null = null;
    const guarded = async (): Promise<{ value: T } | false> => {
      died = this.#diedProgram();
      if (died !== null) throw new Error(died);
      const value = await probe();
      return value === false || value === null ? false : { value };
    };
    const { value } = await until(what, async () => (died === null ? await guarded() : { value: null as T }), {
      limitMs,
      signal: this.#signal,
    });
    if (died !== null) throw new Error(died);
    return value;
  }

  #diedProgram(): string | null {
    const dead = this.#fleet.programs.find((program) => program.ended() !== null);
    return dead === undefined ? null : `gitfleet ${dead.name} ended with ${dead.ended()}. Its log:\n${dead.logTail()}`;
  }

  /** What `gitfleet status` would show now. */
  status(): FleetStatus {
    const { fleet, serverNowMs, stale } = this.#following;
    const reason = stale();
    if (reason !== null) throw new Error(`the picture of the fleet is old: ${reason}`);
    fleet.judgeOffline(serverNowMs(), { keep: false });
    return statusOf(fleet, { serverNowMs: serverNowMs() });
  }

  /** Waits until this commit is applied and every deployment runs on each device that it is meant for. */
  async allRunning(commit: string, matches: Matches): Promise<void> {
    await this.wait(`commit ${commit.slice(0, 8)} runs everywhere`, () => {
      const status = this.status();
      if (status.record?.applied !== commit || status.record.applying !== null) return false;
      const wrong = differences(status, matches);
      if (wrong.length > 0) throw new Error(wrong.join("; "));
      return true;
    });
  }

  /** Throws where an aggregate is not what it should be at this moment. */
  assertAllRunning(matches: Matches): void {
    const wrong = differences(this.status(), matches);
    if (wrong.length > 0) throw new Error(`aggregates are wrong: ${wrong.join("; ")}`);
  }

  /** What the repository's working copy wants, by the same engine that everybody uses. */
  wanted(): Matches {
    const { fleet, problems } = readFleetFolder(this.#fleet.repository.path);
    if (fleet === null)
      throw new Error(`the repository is not valid: ${problems.map(({ message }) => message).join("; ")}`);
    return new Map([...desiredState(fleet).blocks()].map(({ deployment, size }) => [deployment, size]));
  }

  /** True where the bucket holds a value (not a marker) under this key. */
  async hasKey(bucket: BucketName, key: string): Promise<boolean> {
    const state = await readKey(this.#link, bucket, key, this.#signal);
    return state !== null && state.value !== null;
  }

  /** What the published port of the real device answers, or null where it does not. */
  async page(): Promise<string | null> {
    const url = `http://${this.#fleet.device.address}:${this.#fleet.port}/`;
    try {
      return (await (await fetch(url, { signal: AbortSignal.timeout(HTTP_LIMIT_MS) })).text()).trim();
    } catch (error) {
      if (this.#signal.aborted) throw new Error(errorText(error), { cause: error });
      return null;
    }
  }

  /** The full ids of all containers on the real device, running or not. */
  async containers(): Promise<string[]> {
    const listed = await this.#fleet.device.podman("ps", "--all", "--no-trunc", "--quiet");
    return listed.split("\n").filter((id) => id !== "");
  }

  async close(): Promise<void> {
    await this.#following.stop();
    await this.#link.close();
  }
}

function differences({ deployments }: FleetStatus, matches: Matches): string[] {
  const shown = new Map<string, Aggregate>(deployments.map(({ deployment, aggregate }) => [deployment, aggregate]));
  const names = new Set([...shown.keys(), ...matches.keys()]);
  return [...names].flatMap((name) => {
    const wanted = countsText({ matched: matches.get(name) ?? 0, succeeded: matches.get(name) ?? 0 });
    const found = countsText(shown.get(name) ?? { matched: 0, succeeded: 0 });
    const why = shown.get(name)?.last_error?.message;
    return wanted === found ? [] : [`${name}: ${found} instead of ${wanted}${why === undefined ? "" : ` (${why})`}`];
  });
}

function countsText(aggregate: Partial<Aggregate>): string {
  const { matched = 0, succeeded = 0, failed = 0, pending = 0, offline = 0, unverified = 0 } = aggregate;
  return `${matched} matched, ${succeeded} succeeded, ${failed} failed, ${pending} pending, ${offline} offline, ${unverified} unverified`;
}
