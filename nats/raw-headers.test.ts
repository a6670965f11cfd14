import { headers as newHeaders, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { testClient, testServer } from "#tests/support/nats-fixture.ts";
import { messageBytes } from "./message-bytes.ts";
import { rawHeadersOf } from "./raw-headers.ts";

function headersWith(entries: Readonly<Record<string, string>>): MsgHdrs {
  const made = newHeaders();
  for (const [name, value] of Object.entries(entries)) made.set(name, value);
  return made;
}

test("the headers of delivered messages are those that the client decodes, whatever the payload and the subject", async () => {
  const server = await testServer();
  const { connection } = await testClient(server.url);
  const seen: Msg[] = [];
  const subscription = connection.subscribe("t.>", { callback: (_error, message) => void seen.push(message) });
  const sent = [
    { subject: "t.a", payload: "x", headers: headersWith({ "KV-Operation": "DEL", "Gitfleet-Fleet": "é" }) },
    { subject: "t.b", payload: "", headers: headersWith({ "Gitfleet-Commit": "abc" }) },
    { subject: "t.é", payload: "KV-Operation: DEL", reply: "t.reply" },
    { subject: "t.d", payload: "y".repeat(5_000), headers: headersWith({ "KV-Operation-Not": "PURGE" }) },
  ];
  for (const { subject, payload, ...options } of sent) connection.publish(subject, payload, options);
  await connection.flush();
  expect(seen).toHaveLength(sent.length);
  for (const message of seen) {
    const raw = rawHeadersOf(message);
    expect(messageBytes(message)).not.toBeNull();
    for (const name of ["KV-Operation", "Gitfleet-Fleet", "Gitfleet-Commit", "KV-Operation-Not", "Not-There"]) {
      const decoded = message.headers?.has(name) === true ? message.headers.get(name) : undefined;
      expect(raw(name)).toBe(decoded);
    }
  }
  subscription.unsubscribe();
});

test("headers of a message whose bytes are not shown are asked of the client", () => {
  const headers = headersWith({ "KV-Operation": "PURGE" });
  const message = { subject: "a", data: new Uint8Array(0), headers } as unknown as Msg;
  expect(rawHeadersOf(message)("KV-Operation")).toBe("PURGE");
  expect(rawHeadersOf(message)("Gitfleet-Fleet")).toBeUndefined();
});
