/** Says one thing over NATS and notes what became of it, as an agent does. */
import type { Offered, Offerer } from "#nats/offer.ts";
import type { Write, WriteResult, Writer } from "#nats/writer.ts";
import { systemClock } from "#runtime/clock.ts";
import { BUCKETS, heartbeatKey, infoKey, stateKey } from "#schema/keys.ts";
import { INFO } from "./device-columns.ts";
import { meaningOf, messageOf, type Message } from "./outgoing.ts";
import { heartbeatText, infoText, stateText } from "./payloads.ts";
import type { StateWrite } from "./simulated-fleet.ts";
import type { World } from "./world.ts";

/** With what it sends, and whom it tells what follows from an answer. */
export interface SenderWays {
  readonly writer: Writer;
  readonly offerer: Offerer;
  readonly say: (message: Message) => void;
}

/** `refused`: no repetition will help. */
export type Outcome = "said" | "retry" | "refused";

const SAID: Promise<Outcome> = Promise.resolve("said");

/** Knows what each message says at this moment. */
export class Sender {
  readonly #world: World;
  readonly #ways: SenderWays;

  constructor(world: World, ways: SenderWays) {
    this.#world = world;
    this.#ways = ways;
  }

  send(message: Message): Promise<Outcome> {
    const { kind, about } = meaningOf(message);
    switch (kind) {
      case "heartbeat":
        return this.#heartbeat(about);
      case "info":
        return this.#info(about);
      case "state":
        return this.#state(about);
    }
  }

  /** It expects the device's own last one before it; where another stands there, it is written all the same. */
  async #heartbeat(device: number): Promise<Outcome> {
    const { columns, devices, fleet } = this.#world;
    const nowMs = systemClock.nowMs();
    const key = heartbeatKey(fleet.devices[device]!);
    const write: Write = { bucket: BUCKETS.deviceHeartbeat, key, value: heartbeatText(devices[device]!, nowMs) };
    const before = columns.beat[device]!;
    const first = await this.#write(before === 0 ? write : { ...write, expectedRevision: before });
    const result = first.kind === "conflict" ? await this.#write(write) : first;
    if (result.kind !== "written") {
      columns.beatFailed[device] = 1;
      return this.#notWritten(write, result);
    }
    this.#world.tally.heartbeats += 1;
    columns.beat[device] = result.revision;
    if (before !== 0 && result.revision <= before) this.#startOver(device);
    else if (columns.beatFailed[device] === 1) this.#offerAll(device);
    columns.beatFailed[device] = 0;
    this.#probe(device, nowMs);
    return "said";
  }

  #info(device: number): Promise<Outcome> {
    const { columns, devices, fleet } = this.#world;
    if (columns.info[device] === INFO.told) return SAID;
    const isOffer = columns.info[device] === INFO.toOffer;
    const value = infoText(devices[device]!, systemClock.nowMs());
    const target = { bucket: BUCKETS.deviceInfo, key: infoKey(fleet.devices[device]!), value };
    return this.#put(target, isOffer).then((result) => {
      if (result.kind === "failed" || result.kind === "conflict") return this.#notWritten(target, result);
      columns.info[device] = INFO.told;
      if (result.kind === "lacked" && !result.marker) this.#rebuilt(device);
      return "said";
    });
  }

  #state(pair: number): Promise<Outcome> {
    const { fleet, timetable } = this.#world;
    const nowMs = systemClock.nowMs();
    const { write, againAtMs } = fleet.step(pair, nowMs);
    if (againAtMs !== null) timetable.add(pair, againAtMs);
    if (write === null) return SAID;
    const name = fleet.nameOf(pair);
    const target = { bucket: BUCKETS.deviceState, key: stateKey(name) };
    const sent =
      write.kind === "delete"
        ? this.#write({ ...target, kind: "delete" })
        : this.#put({ ...target, value: stateText(name, write, nowMs) }, write.kind === "offer");
    return sent.then((result) => {
      if (result.kind === "failed" || result.kind === "conflict") return this.#notWritten(target, result);
      this.#stated(write, result);
      return "said";
    });
  }

  #stated(write: StateWrite, result: Offered | WriteResult): void {
    const { fleet, tally } = this.#world;
    fleet.written(write);
    if (result.kind === "held" || result.kind === "unseen") tally.held += 1;
    else tally.states[write.phase ?? "deleted"] += 1;
    if (result.kind === "written") this.#world.lastStateRevision = result.revision;
    if (result.kind === "lacked" && !result.marker) this.#rebuilt(fleet.numberOf(fleet.nameOf(write.pair).device)!);
  }

  #put(target: Write & { value: string }, isOffer: boolean): Promise<Offered | WriteResult> {
    if (!isOffer) return this.#write(target);
    this.#world.tally.messages += 1;
    return this.#ways.offerer.offer(target);
  }

  #write(write: Write): Promise<WriteResult> {
    this.#world.tally.messages += 1;
    return this.#ways.writer.write(write);
  }

  #notWritten({ bucket, key }: Pick<Write, "bucket" | "key">, result: WriteResult): Outcome {
    if (result.kind !== "failed" || result.error.advice !== "person") return "retry";
    this.#world.tally.refused += 1;
    const reason = result.error.message;
    this.#world.logger.warn({ bucket, key, reason }, "gave up a value that was to be published");
    return "refused";
  }

  /** The buckets are older than what was said: all of it is said again. */
  #startOver(device: number): void {
    const { columns, fleet } = this.#world;
    columns.info[device] = INFO.toPut;
    this.#ways.say(messageOf("info", device));
    for (const pair of fleet.forgetTold(device)) this.#ways.say(messageOf("state", pair));
  }

  #offerAll(device: number): void {
    const { columns, fleet } = this.#world;
    if (columns.info[device] === INFO.told) columns.info[device] = INFO.toOffer;
    this.#ways.say(messageOf("info", device));
    for (const pair of fleet.doubt(device)) this.#ways.say(messageOf("state", pair));
  }

  /** Something of this device was lost: its heartbeat may be, too. */
  #rebuilt(device: number): void {
    this.#offerAll(device);
    this.#ways.say(messageOf("heartbeat", device));
  }

  #probe(device: number, nowMs: number): void {
    const { columns, fleet } = this.#world;
    const pairs = fleet.pairsOf(device);
    // Device-info has its turn like each state.
    const which = columns.probe(device, 1 + pairs.length, nowMs);
    if (which === null) return;
    const pair = pairs[which - 1];
    if (pair === undefined) {
      if (columns.info[device] === INFO.told) columns.info[device] = INFO.toOffer;
      this.#ways.say(messageOf("info", device));
      return;
    }
    fleet.doubtOne(pair);
    this.#ways.say(messageOf("state", pair));
  }
}
