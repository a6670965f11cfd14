/** Buckets full of desired values and of states about them, as a reconciler and the agents of a fleet leave them. */
import type { NatsConnection } from "@nats-io/transport-node";
import { headersOf } from "#nats/message-headers.ts";
import { sha256Digest } from "#fleet/digest.ts";
import { rendererOf, type ScoreRenderer } from "#fleet/rendered-score.ts";
import { parseFile } from "#fleet/parsed-file.ts";
import { HEADER_COMMIT, HEADER_DIGEST, HEADER_FLEET } from "#schema/headers.ts";
import { BUCKETS, type BucketName } from "#schema/keys.ts";
import type { DeviceId } from "#schema/names.ts";
import { until } from "#sandbox/until.ts";
import { deploymentName, deploymentText, deviceName } from "./generated-fleet.ts";
import { labelsOf } from "./generated-texts.ts";
import { pairsOf, type FleetSize } from "./sizes.ts";
import { publishStored, type StoredMessage } from "./stored.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const STORED_WITHIN_MS = 60_000;
/** One device in so many has failed, one in so many is not there yet. */
const FAILED_EVERY = 97;
const PENDING_EVERY = 31;

/** A device with a deployment, by their numbers. */
export interface GeneratedPair {
  readonly device: number;
  readonly deployment: number;
}

/** Every pair of a fleet, device by device, as agents report. */
export function* generatedPairs(size: FleetSize): Generator<GeneratedPair> {
  const perGroup = size.deployments / size.groups;
  for (let device = 0; device < size.devices; device += 1) {
    for (let nth = 0; nth < perGroup; nth += 1)
      yield { device, deployment: (device % size.groups) + nth * size.groups };
  }
}

/** The values that devices should run. */
export class GeneratedValues {
  readonly #size: FleetSize;
  readonly #renderers = new Map<number, ScoreRenderer>();

  constructor(size: FleetSize) {
    this.#size = size;
  }

  valueOf({ device, deployment }: GeneratedPair): { readonly text: string; readonly digest: string } {
    const labels = new Map(Object.entries(labelsOf(device)));
    const value = this.#renderer(deployment).render({ id: deviceName(device) as DeviceId, labels });
    if (value === null) throw new Error(`the device ${device} lacks a label`);
    return value;
  }

  #renderer(deployment: number): ScoreRenderer {
    const known = this.#renderers.get(deployment);
    if (known !== undefined) return known;
    const file = parseFile("deployments/a.yaml", deploymentText(this.#size, deployment));
    const own = file.objects.deployments[0]?.sound?.own;
    if (own === undefined) throw new Error(`the generated deployment ${deployment} is not sound`);
    const renderer = rendererOf(own, "adjacent");
    this.#renderers.set(deployment, renderer);
    return renderer;
  }
}

/** The state that a device reports; `round` makes it another one than before. */
export function stateMessage({ device, deployment }: GeneratedPair, digest: string, round = 0): StoredMessage {
  const number = device * 7 + deployment + round;
  const phase = number % FAILED_EVERY === 0 ? "Failed" : number % PENDING_EVERY === 0 ? "Pending" : "Running";
  const state = {
    device_id: deviceName(device),
    deployment: deploymentName(deployment),
    phase,
    last_event_at: new Date(Date.UTC(2026, 3, 22) + round * 1_000).toISOString().replace(".000Z", "Z"),
    last_error:
      phase === "Failed" ? "pull registry.example.com/shop: unauthorized; give this device a pull secret" : null,
    desired_digest: digest,
  };
  const subject = `$KV.device-state.state.${state.device_id}.${state.deployment}`;
  return { subject, payload: JSON.stringify(state) };
}

/** Fills both buckets, which must exist and be empty. */
export async function storeFleet(connection: NatsConnection, size: FleetSize): Promise<void> {
  const values = new GeneratedValues(size);
  await store(
    connection,
    { bucket: BUCKETS.desiredState, size },
    mapped(generatedPairs(size), (pair) => desiredMessage(pair, values)),
  );
  await storeStates(connection, size, values);
}

/** Fills the bucket of states, which must exist and be empty. */
export async function storeStates(
  connection: NatsConnection,
  size: FleetSize,
  values: GeneratedValues = new GeneratedValues(size),
): Promise<void> {
  await store(
    connection,
    { bucket: BUCKETS.deviceState, size },
    mapped(generatedPairs(size), (pair) => stateMessage(pair, values.valueOf(pair).digest)),
  );
}

function desiredMessage(pair: GeneratedPair, values: GeneratedValues): StoredMessage {
  const { text, digest } = values.valueOf(pair);
  const names = { [HEADER_COMMIT]: COMMIT, [HEADER_FLEET]: "bench", [HEADER_DIGEST]: digest };
  const subject = `$KV.desired-state.${deviceName(pair.device)}.${deploymentName(pair.deployment)}`;
  const headers = headersOf({ bucket: "desired-state", key: "", value: text, headers: names });
  return { subject, payload: text, headers };
}

/** Fills an empty bucket; resolves when one message for each pair is stored. */
async function store(
  connection: NatsConnection,
  { bucket, size }: { readonly bucket: BucketName; readonly size: FleetSize },
  messages: Iterable<StoredMessage>,
): Promise<void> {
  await publishStored(connection, messages);
  const isStored = async (): Promise<boolean> => {
    const answer = await connection.request(`$JS.API.STREAM.INFO.KV_${bucket}`);
    return answer.json<{ state: { messages: number } }>().state.messages === pairsOf(size);
  };
  await until(`${pairsOf(size)} messages are stored in ${bucket}`, isStored, { limitMs: STORED_WITHIN_MS });
}

function* mapped<T, U>(items: Iterable<T>, change: (item: T) => U): Generator<U> {
  for (const item of items) yield change(item);
}

/** For who changes states without knowing the values: any digest, as long as it is one. */
export const SOME_DIGEST = sha256Digest("some value");
