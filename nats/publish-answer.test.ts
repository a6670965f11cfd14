import { describe, expect, test } from "vitest";
import { plainSequence, resultOf } from "./publish-answer.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

describe("an answer to a write", () => {
  test.each([
    ['{"stream":"KV_desired-state", "seq":1}', 1],
    ['{"stream":"KV_desired-state","seq":1234567890123}', 1_234_567_890_123],
    ['{"stream":"KV_seq:7","domain":"hub","seq":42}', 42],
  ])("is read from its bytes where it is plain: %s", (text, revision) => {
    expect(plainSequence(bytes(text))).toBe(revision);
    expect(resultOf({ data: bytes(text) }, "write")).toEqual({ kind: "written", revision });
  });

  test.each([
    '{"stream":"KV_desired-state","seq":7,"duplicate":true}',
    '{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},"stream":"KV_desired-state","seq":0}',
    '{"stream":"KV_desired-state","seq":0}',
    '{"stream":"KV_desired-state","seq":}',
    '{"stream":"KV_desired-state","sequence":12}',
    '{"stream":12}',
    "{}",
    "}",
    "7}",
    "",
  ])("is left to the parser where it is not: %s", (text) => {
    expect(plainSequence(bytes(text))).toBeNull();
  });
});
