/** Headers of outgoing messages, encoded once and cheaply: the client library's own cost more than the rest of a write. */
import type { MsgHdrs } from "@nats-io/transport-node";
import { NatsFailure } from "./errors.ts";
import type { Write } from "./write.ts";

const FIRST_LINE = "NATS/1.0\r\n";
const EXPECTED_REVISION_HEADER = "Nats-Expected-Last-Subject-Sequence";
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The headers of a write, or undefined where it has none. Throws NatsFailure where a header cannot be sent. */
export function headersOf(write: Write): MsgHdrs | undefined {
  let text = operationLines(write);
  for (const name in write.headers) text += headerLine(name, write.headers[name] ?? "");
  if (write.expectedRevision !== undefined) text += `${EXPECTED_REVISION_HEADER}: ${write.expectedRevision}\r\n`;
  return text === "" ? undefined : encoded(`${FIRST_LINE}${text}\r\n`);
}

function operationLines(write: Write): string {
  if (write.kind === "delete") return "KV-Operation: DEL\r\n";
  return write.kind === "purge" ? "KV-Operation: PURGE\r\nNats-Rollup: sub\r\n" : "";
}

function headerLine(name: string, value: string): string {
  if (!NAME.test(name) || value.includes("\r") || value.includes("\n")) {
    throw new NatsFailure(`the header ${JSON.stringify(name)} cannot be sent; use one line of text`, "person");
  }
  return `${name}: ${value}\r\n`;
}

/** The client library only asks headers for their bytes. */
function encoded(text: string): MsgHdrs {
  const bytes = Buffer.from(text, "utf8");
  return { encode: () => bytes } as unknown as MsgHdrs;
}
