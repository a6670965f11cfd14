/** What is known of each device beside its deployments, in columns by the number of the device. */
import type { DeviceId } from "#schema/names.ts";
import type { DeviceInfo } from "#schema/wire.ts";
import { Columns } from "./column.ts";
import type { SharedTexts } from "./shared-texts.ts";

/** No time: nothing was heard. */
const NEVER = 0;

/** Devices by number. A device that anything is known of holds its name. */
export class LiveDevices {
  readonly #names: SharedTexts<DeviceId>;
  /** Columns for who keeps more of a device. */
  readonly columns = new Columns();
  readonly #heartbeatAtMs = this.columns.float64();
  readonly #facts = this.columns.uint32();
  readonly #desired = this.columns.uint32();
  readonly #infos = new Map<number, DeviceInfo>();
  #size = 0;

  constructor(names: SharedTexts<DeviceId>) {
    this.#names = names;
  }

  /** How many devices anything is known of. */
  get size(): number {
    return this.#size;
  }

  /** All numbers are below it. */
  get end(): number {
    return this.#names.end;
  }

  /** The numbers of devices that anything is known of. */
  *numbers(): Generator<number> {
    for (let number = 0; number < this.#names.end; number += 1) if (this.isKnown(number)) yield number;
  }

  isKnown(number: number): boolean {
    return (this.#facts.at[number] ?? 0) > 0;
  }

  /** How many deployments it should run. */
  desiredCount(number: number): number {
    return this.#desired.at[number] ?? 0;
  }

  info(number: number): DeviceInfo | null {
    return this.#infos.get(number) ?? null;
  }

  /** When the server stored its last heartbeat; null for never. */
  heartbeatAtMs(number: number): number | null {
    const atMs = this.#heartbeatAtMs.at[number] ?? NEVER;
    return atMs === NEVER ? null : atMs;
  }

  setInfo(number: number, info: DeviceInfo | null): void {
    this.#count(number, this.#infos.has(number), info !== null);
    if (info === null) this.#infos.delete(number);
    else this.#infos.set(number, info);
  }

  setHeartbeat(number: number, atMs: number | null): void {
    this.#count(number, this.heartbeatAtMs(number) !== null, atMs !== null);
    this.#heartbeatAtMs.at[number] = atMs ?? NEVER;
  }

  /** A deployment that it should run begins or ceases to be wanted. */
  countDesired(number: number, was: boolean, is: boolean): void {
    this.#count(number, was, is);
    if (was !== is) this.#desired.at[number] = this.desiredCount(number) + (is ? 1 : -1);
  }

  /** Something that it says of a deployment comes or goes. */
  countReported(number: number, was: boolean, is: boolean): void {
    this.#count(number, was, is);
  }

  #count(number: number, was: boolean, is: boolean): void {
    if (was === is) return;
    this.columns.reserve(number + 1);
    const facts = (this.#facts.at[number] ?? 0) + (is ? 1 : -1);
    this.#facts.at[number] = facts;
    if (is && facts === 1) {
      this.#size += 1;
      this.#names.take(this.#names.textOf(number));
    }
    if (!is && facts === 0) {
      this.#size -= 1;
      this.#names.giveBack(number);
    }
  }
}
