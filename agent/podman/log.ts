/** What containers print, taken out of the frames in which podman sends it. */
import { CALL_LIMIT_MS, limited, type Podman } from "./client.ts";

// Each frame: one byte for the stream, three of nothing, four for the length.
const FRAME_HEADER_BYTES = 8;
const LAST_LINES = 5;
const LINE_MAX_CHARS = 400;

/** The last line that a container printed, or null. Never rejects: it only makes an error clearer. */
export async function lastLogLine(podman: Podman, id: string, signal: AbortSignal): Promise<string | null> {
  try {
    const options = {
      stdout: true,
      stderr: true,
      follow: false as const,
      tail: LAST_LINES,
      abortSignal: limited(signal, CALL_LIMIT_MS),
    };
    const lines = unframed(await podman.docker.getContainer(id).logs(options)).split("\n");
    return (
      lines
        .map((line) => line.trim())
        .findLast((line) => line !== "")
        ?.slice(0, LINE_MAX_CHARS) ?? null
    );
  } catch {
    return null;
  }
}

/** The text within a buffer of whole frames. */
export function unframed(buffer: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= buffer.length;) {
    const length = buffer.readUInt32BE(at + 4);
    parts.push(buffer.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
    at += FRAME_HEADER_BYTES + length;
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Lines out of frames that arrive in pieces. */
export class FrameReader {
  readonly #print: (line: string) => void;
  #bytes = Buffer.alloc(0);
  #rest = "";

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + this.#bytes.readUInt32BE(4);
      if (this.#bytes.length < end) return;
      const lines = (this.#rest + this.#bytes.subarray(FRAME_HEADER_BYTES, end).toString("utf8")).split("\n");
      this.#rest = lines.pop() ?? "";
      lines.forEach(this.#print);
      this.#bytes = this.#bytes.subarray(end);
    }
  }

  /** Prints a last line without an end. */
  end(): void {
    if (this.#rest !== "") this.#print(this.#rest);
    this.#rest = "";
  }
}
