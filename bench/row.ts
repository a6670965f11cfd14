/** A row of the benchmark table: what it measures, beside the physical limit of the same work, taken in the same run. */
import type { UndoStack } from "#sandbox/local-fleet.ts";
import type { NatsBinary } from "./nats-binaries.ts";

/** How large the fleet is that a row works on: see `sizes.ts`. */
export type SizeName = "S" | "M" | "L" | "L'" | "XL";

/** One measured thing: a row has one for each size and variant. */
export interface Figure {
  readonly row: number;
  /** What was measured, and where there is more than one, which variant. */
  readonly what: string;
  readonly size: string;
  /** Of `value` and `limit`. */
  readonly unit: "ms" | "MB" | "bytes" | "/s" | "writes" | "%" | "count";
  readonly value: number;
  /** What the same costs by the bare means; null where the target is absolute. */
  readonly limit: number | null;
  /** `value / limit`; null without a limit. */
  readonly ratio: number | null;
  /** What the ratio, or without a limit the value, is held against. */
  readonly target: number;
  /** Whether the target is the most it may be, or the least. */
  readonly bound: "most" | "least";
  readonly met: boolean;
  /** The server that took part, null where none did. */
  readonly nats: string | null;
  /** The p99 of the event-loop delay of the program that was measured, in milliseconds, where one ran. */
  readonly loop_delay_p99_ms?: number;
}

/** What a row is given. */
export interface RowContext {
  /** True for a run of some seconds a row: smaller sizes, the same ratios. */
  readonly quick: boolean;
  readonly signal: AbortSignal;
  /** Progress for people, on stderr. */
  readonly say: (text: string) => void;
  /** What a row starts is removed by this, in reverse order, when the row ends. */
  readonly undo: UndoStack;
  /** The servers to measure on, that of the set-up first. */
  readonly natsServers: readonly NatsBinary[];
}

/** One row: each file in `rows/` gives one. */
export interface Row {
  readonly row: number;
  readonly what: string;
  /** What the limit is, in words. */
  readonly limitIs: string;
  measure(context: RowContext): AsyncIterable<Figure>;
}

/** A figure held against its target. Without `limit` the value itself is. */
export function figure(
  given: Omit<Figure, "ratio" | "met" | "limit" | "bound" | "nats"> & Partial<Pick<Figure, "limit" | "bound" | "nats">>,
): Figure {
  const { limit = null, bound = "most", nats = null } = given;
  const ratio = limit === null ? null : given.value / limit;
  const held = ratio ?? given.value;
  const met = bound === "most" ? held <= given.target : held >= given.target;
  return { ...given, limit, bound, nats, ratio, met };
}
