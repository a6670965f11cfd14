/** Runs one row in this process and hands on each figure as soon as it is there. */
import { UndoStack } from "#sandbox/local-fleet.ts";
import { natsBinaries } from "./nats-binaries.ts";
import type { Figure, Row } from "./row.ts";

export interface RunRowOptions {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Every figure of a row. What the row started is removed when it ends, also when it fails or nobody waits for more. */
export async function* runRow(row: Row, { quick, signal, say }: RunRowOptions): AsyncGenerator<Figure> {
  const undo = new UndoStack();
  const tell = (text: string): void => say(`row ${row.row}: ${text}`);
  try {
    tell(row.what);
    for await (const figure of row.measure({ quick, signal, say: tell, undo, natsServers: await natsBinaries() })) {
      signal.throwIfAborted();
      yield figure;
    }
  } finally {
    for (const failure of await undo.run()) tell(`could not remove ${failure}`);
  }
}
