/** The body of a request, whole, before anything is done with it: what acts on it never waits for its client. */
import type { IncomingMessage } from "node:http";

/** More than any fetch or push of a test or the demo. */
export const MOST_PACK_BYTES = 1024 * 1024 * 1024;

/** The client went away in the middle of its request: nobody waits for an answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** Rejects with `ClientGone` where it ends too early, and with another error where it is longer than `mostBytes`. */
export async function wholeBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new ClientGone("the client went away in the middle of its request", { cause });
  }
  if (bytes > mostBytes) throw new Error(`a request of more than ${mostBytes} bytes`);
  return Buffer.concat(chunks);
}
