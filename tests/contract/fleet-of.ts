/** A fleet from texts, as a repository would give it: the shortest way for a test to say what people wrote. */
import { createHash } from "node:crypto";
import { FleetReader, type FleetReading } from "#fleet/read.ts";

/** Reads files given as path → content in one pass. */
export function readFiles(files: Record<string, string | Uint8Array>): FleetReading {
  const contents = new Map<string, Uint8Array>();
  const entries = Object.entries(files).map(([path, content]) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const id = createHash("sha256").update(bytes).digest("hex");
    contents.set(id, bytes);
    return { path, kind: "file" as const, id, sizeBytes: bytes.length };
  });
  return new FleetReader().read({ entries, content: (id) => contents.get(id) });
}

/** The fleet that the files make; throws with the problems where they make none. */
export function fleetOf(files: Record<string, string>): NonNullable<FleetReading["fleet"]> {
  const reading = readFiles(files);
  if (reading.fleet === null) throw new Error(`not a fleet: ${JSON.stringify(reading.problems)}`);
  return reading.fleet;
}
