import { expect, test } from "vitest";
import { saysTheSame } from "./says-the-same.ts";

const STATE = {
  device_id: "k-1",
  deployment: "web",
  phase: "Running",
  last_event_at: "2026-04-22T17:42:42Z",
  last_error: null,
};

function compared(change: object): boolean {
  return saysTheSame(JSON.stringify(STATE), JSON.stringify({ ...STATE, ...change }));
}

test("two reports say the same where they differ in their times only", () => {
  expect(compared({})).toBe(true);
  expect(compared({ last_event_at: "2026-04-22T17:42:43Z" })).toBe(true);
});

test("two reports of another phase, error or digest do not say the same", () => {
  expect(compared({ phase: "Pending" })).toBe(false);
  expect(compared({ last_error: "boom" })).toBe(false);
  expect(compared({ desired_digest: "sha256:0" })).toBe(false);
});

test("a time that one of them lacks is a difference: it says that another agent is there", () => {
  expect(compared({ duplicate_since: "2026-04-22T17:42:43Z" })).toBe(false);
});

test("the order of fields is no difference", () => {
  expect(saysTheSame('{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}')).toBe(true);
});

test("what is no JSON says the same as itself alone", () => {
  expect(saysTheSame("torn{", "torn{")).toBe(true);
  expect(saysTheSame("torn{", "{}")).toBe(false);
});

test("what only looks like a time, within a text, is a difference", () => {
  const error = (time: string): object => ({ last_error: `the server said {"updated_at":"${time}"}` });
  expect(saysTheSame(JSON.stringify(error("one")), JSON.stringify(error("two")))).toBe(false);
});

test("times are no difference wherever they stand, and in whatever order", () => {
  expect(
    saysTheSame(
      '{"updated_at":"1","a":[{"updated_at":"2","b":1}]}',
      '{"a":[{"b":1,"updated_at":"3"}],"updated_at":"4"}',
    ),
  ).toBe(true);
});

test("a time of another name is a difference", () => {
  expect(saysTheSame('{"a":1,"updated_at":"1"}', '{"a":1,"duplicate_since":"1"}')).toBe(false);
});
