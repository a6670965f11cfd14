/** A writer that counts what it sends to the bucket of states, device by device: whoever writes, and whatever becomes of it. */
import type { Write, Writer } from "#nats/writer.ts";
import { BUCKETS, parseStateKey } from "#schema/keys.ts";
import type { World } from "./world.ts";

/** The same writer, for single writes. */
export function countedWriter(writer: Writer, { columns, fleet }: World): Writer {
  const count = ({ bucket, key }: Write): void => {
    const name = bucket === BUCKETS.deviceState ? parseStateKey(key) : null;
    const device = name === null ? undefined : fleet.numberOf(name.device);
    if (device !== undefined) columns.stateWrites[device] = columns.stateWrites[device]! + 1;
  };
  return {
    ...boundMethods(writer),
    write(write) {
      count(write);
      return writer.write(write);
    },
  };
}

function boundMethods(writer: Writer): Omit<Writer, "write"> {
  return {
    pour: (source) => writer.pour(source),
    ready: () => writer.ready(),
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}
