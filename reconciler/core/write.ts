/** One change of one key of `desired-state`, refused where the key's revision is another. */
import type { RenderedValue } from "#fleet/rendered-score.ts";
import type { Spot, Spots } from "./spot.ts";

/** One change of one key. */
export type Write = Spot & {
  readonly key: string;
  /** In whose numbers its spot is. */
  readonly spots: Spots;
  readonly expectedRevision: number;
} & (
    | { readonly kind: "put"; readonly value: RenderedValue; readonly fingerprint: number }
    /** Leaves a DEL marker; also where there is no value, for a device that has to stop something. */
    | { readonly kind: "delete" }
    /** Takes the marker away: the device's state is gone. */
    | { readonly kind: "unmark" }
  );

/** Writes one after the other, each worked out when it is asked for; null for no more. */
export interface WriteRow {
  next(): Write | null;
}
