/** The headers of a stored message as the JetStream API hands them out: base64 of the bytes on the wire. */
import { headers as newHeaders, type MsgHdrs } from "@nats-io/transport-node";

/** The headers; none where the message has none. */
export function parseStoredHeaders(base64: string | undefined): MsgHdrs {
  const parsed = newHeaders();
  const lines = Buffer.from(base64 ?? "", "base64")
    .toString("utf8")
    .split("\r\n")
    .slice(1);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) parsed.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return parsed;
}
