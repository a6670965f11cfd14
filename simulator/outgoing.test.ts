import { describe, expect, test } from "vitest";
import { meaningOf, messageOf, Outgoing } from "./outgoing.ts";

describe("outgoing messages", () => {
  test("keep their meaning as numbers", () => {
    const all = (["heartbeat", "info", "state"] as const).map((kind) => ({ kind, about: 99_999 }));
    expect(all.map(({ kind, about }) => meaningOf(messageOf(kind, about)))).toEqual(all);
  });

  test("wait once, in order, however often they are added", () => {
    const outgoing = new Outgoing();
    for (const message of [5, 7, 5]) outgoing.add(message);
    expect([outgoing.next(), outgoing.next(), outgoing.next()]).toEqual([5, 7, null]);
  });

  test("are not sent a second time while they are on their way, but afterwards", () => {
    const outgoing = new Outgoing();
    outgoing.add(5);
    outgoing.next();
    outgoing.add(5);
    expect(outgoing.next()).toBeNull();
    outgoing.done(5);
    expect(outgoing.next()).toBe(5);
    outgoing.done(5);
    expect(outgoing.next()).toBeNull();
    expect([outgoing.waiting, outgoing.sending]).toEqual([0, 0]);
  });
});
