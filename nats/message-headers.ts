/** Headers of outgoing messages, encoded once and cheaply: the client library's own cost more than the rest of a write. */
import type { MsgHdrs } from "@nats-io/transport-node";
import { NatsFailure } from "./errors.ts";
import type { Write } from "./write.ts";

const FIRST_LINE = "NATS/1.0\r\n";
const EXPECTED_REVISION_HEADER = "Nats-Expected-Last-Subject-Sequence";
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

type SharedHeaders = NonNullable<Write["headers"]>;

/** The headers of a write, or undefined where it has none. Throws NatsFailure where a header cannot be sent. */
export function headersOf(write: Write): MsgHdrs | undefined {
  const { headers, expectedRevision } = write;
  if (headers !== undefined && expectedRevision === 0 && isPut(write)) return encodedOnce(headers).ofNewKey;
  const text = operationLines(write) + (headers === undefined ? "" : encodedOnce(headers).lines);
  if (expectedRevision === undefined) return text === "" ? undefined : encoded(`${FIRST_LINE}${text}\r\n`);
  return encoded(`${FIRST_LINE}${text}${EXPECTED_REVISION_HEADER}: ${expectedRevision}\r\n\r\n`);
}

/** Many writes in a row share one object of headers, such as all of a deployment: what is made of it is kept that long. */
interface Encoded {
  readonly headers: SharedHeaders;
  readonly lines: string;
  /** All of it, for keys that hold nothing yet. */
  readonly ofNewKey: MsgHdrs;
}

let last: Encoded | null = null;

function encodedOnce(headers: SharedHeaders): Encoded {
  if (last?.headers === headers) return last;
  let lines = "";
  for (const name in headers) lines += headerLine(name, headers[name] ?? "");
  last = { headers, lines, ofNewKey: encoded(`${FIRST_LINE}${lines}${EXPECTED_REVISION_HEADER}: 0\r\n\r\n`) };
  return last;
}

function isPut({ kind }: Write): boolean {
  return kind === undefined || kind === "put";
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
