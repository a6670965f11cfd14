/** Messages that go out together arrive as if the client had sent each: the same over both ways, against a real server. */
import { headersOf } from "#nats/message-headers.ts";
import { Packet, publish, type OutgoingMessage } from "#nats/packet.ts";
import { until } from "#sandbox/until.ts";
import { testClient, testServer } from "#tests/support/nats-fixture.ts";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";

const headers = headersOf({
  bucket: "fleet",
  key: "k",
  value: "",
  headers: { "Gitfleet-Fleet": "süd" },
  expectedRevision: 7,
});

/** Small ones in plenty, so that packets fill up; and those that do not go into one, in between. */
function messages(): OutgoingMessage[] {
  const payloads = [
    new Uint8Array(),
    "",
    "a text",
    "ein Gerät",
    new TextEncoder().encode("ein Gerät"),
    new Uint8Array(700).fill(7),
    new Uint8Array(9_000).fill(8),
    new TextEncoder().encode("PUB x y 3\r\nabc\r\n"),
  ];
  return Array.from({ length: 400 }, (_unused, n) => ({
    subject: `to.${n}`,
    reply: `answers.${n}`,
    headers: n % 3 === 0 ? undefined : headers,
    payload: payloads[n % payloads.length] ?? "",
  }));
}

/** The same connection, as if the client kept what it writes elsewhere. */
function changedClient(connection: NatsConnection): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      if (name === "protocol") return undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}

const plain = ({ subject, reply = "", headers: given, data }: Msg): unknown => ({
  subject,
  reply,
  headers: given === undefined ? null : [...given].map(([name, values]) => [name, values]),
  data: Buffer.from(data).toString("latin1"),
});

describe.each([
  { way: "of the client as it is", of: (connection: NatsConnection) => connection },
  { way: "of a client that keeps what it writes elsewhere", of: changedClient },
])("a packet on the connection $way", ({ of }) => {
  test("brings what each message would have brought by itself, in order", async () => {
    const server = await testServer();
    const [{ connection }, listener] = [await testClient(server.url), await testClient(server.url)];
    const arrived: unknown[] = [];
    listener.connection.subscribe("to.*", { callback: (_error, message) => void arrived.push(plain(message)) });
    await listener.connection.flush();
    const all = messages();
    for (const message of all) publish(connection, message);
    await until("all have arrived", () => arrived.length === all.length);
    const expected = arrived.splice(0);
    const packet = new Packet(of(connection));
    for (const message of all) packet.add(message);
    packet.send();
    await until("all have arrived again", () => arrived.length === all.length);
    expect(arrived).toEqual(expected);
  });

  test("says what the client says of a message that is too large, and of a connection that is closed", async () => {
    const server = await testServer({ config: "max_payload: 4096" });
    const { connection } = await testClient(server.url);
    const packet = new Packet(of(connection));
    const message = (length: number): OutgoingMessage => ({
      subject: "to.1",
      reply: "a",
      headers,
      payload: new Uint8Array(length),
    });
    expect(() => packet.add(message(4_096))).toThrow("max_payload");
    packet.add(message(3_000));
    packet.send();
    await connection.flush();
    await connection.close();
    expect(() => packet.add(message(1))).toThrow("closed");
  });

  test("does not mix what is put together at the same time, nor what went out before it", async () => {
    const server = await testServer();
    const [{ connection }, listener] = [await testClient(server.url), await testClient(server.url)];
    const arrived: string[] = [];
    listener.connection.subscribe("to.*", {
      callback: (_error, { subject, data }) => void arrived.push(`${subject} ${Buffer.from(data).toString()}`),
    });
    await listener.connection.flush();
    const packets = [new Packet(of(connection)), new Packet(of(connection))];
    const expected: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const [index, packet] of [...packets, ...packets].entries()) {
        const text = `${round} ${index}`;
        packet.add({ subject: `to.${index % 2}`, reply: "a", headers, payload: new TextEncoder().encode(text) });
        expected.push(`to.${index % 2} ${text}`);
      }
      for (const packet of packets) packet.send();
    }
    await until("all have arrived", () => arrived.length === expected.length);
    expect(arrived.toSorted()).toEqual(expected.toSorted());
  });
});
