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
  if (headers !== undefined && expectedRevision === 0 && isPut(write)) return headersOfNewKey(headers);
  const text = operationLines(write) + (headers === undefined ? "" : linesOf(headers));
  if (expectedRevision === undefined) return text === "" ? undefined : encoded(`${FIRST_LINE}${text}\r\n`);
  return encoded(`${FIRST_LINE}${text}${EXPECTED_REVISION_HEADER}: ${expectedRevision}\r\n\r\n`);
}

// Many writes share one object of headers, such as all of a deployment: its lines are made once.
const knownLines = new WeakMap<SharedHeaders, string>();
const knownOfNewKeys = new WeakMap<SharedHeaders, MsgHdrs>();

function headersOfNewKey(headers: SharedHeaders): MsgHdrs {
  const known = knownOfNewKeys.get(headers);
  if (known !== undefined) return known;
  const made = encoded(`${FIRST_LINE}${linesOf(headers)}${EXPECTED_REVISION_HEADER}: 0\r\n\r\n`);
  knownOfNewKeys.set(headers, made);
  return made;
}

function linesOf(headers: SharedHeaders): string {
  const known = knownLines.get(headers);
  if (known !== undefined) return known;
  let lines = "";
  for (const name in headers) lines += headerLine(name, headers[name] ?? "");
  knownLines.set(headers, lines);
  return lines;
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
