/** Headers of a delivered message, looked for in their bytes when somebody asks. */
import type { Msg } from "@nats-io/transport-node";
import { messageBytes } from "./message-bytes.ts";

/** A header's value by its exact name, or undefined. */
export type Headers = (name: string) => string | undefined;

const NONE: Headers = () => undefined;

/** The headers of a message. */
export function rawHeadersOf(message: Msg): Headers {
  const bytes = messageBytes(message);
  if (bytes === null) return (name) => headerOf(message, name);
  if (bytes.headerLength === 0) return NONE;
  const text = bytes.whole.toString("utf8", 0, bytes.headerLength);
  return (name) => valueIn(text, name);
}

function valueIn(text: string, name: string): string | undefined {
  const line = lineOf(name);
  const at = text.indexOf(line);
  if (at < 0) return undefined;
  const from = at + line.length;
  return text.slice(from, text.indexOf("\r\n", from)).trim();
}

/** How the line of a header begins: few names are asked for, each of every message. */
const lines = new Map<string, string>();
const LINES_MAX = 64;

function lineOf(name: string): string {
  const known = lines.get(name);
  if (known !== undefined) return known;
  if (lines.size === LINES_MAX) lines.clear();
  const line = `\r\n${name}:`;
  lines.set(name, line);
  return line;
}

/** One header's value as the client decodes it, or undefined. */
export function headerOf(message: Pick<Msg, "headers">, name: string): string | undefined {
  return message.headers?.has(name) === true ? message.headers.get(name) : undefined;
}
