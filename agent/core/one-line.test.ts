import { describe, expect, test } from "vitest";
import { intentOf } from "./intent.ts";
import { oneLine } from "./one-line.ts";

describe("an error that leaves the device", () => {
  test("is one line of at most 1,024 bytes, cut between characters", () => {
    expect(oneLine("a\nb\u001b[31m\tc")).toBe("a b [31m c");
    const long = oneLine("ü".repeat(2_000));
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(1_024);
    expect(long).toMatch(/^ü+…$/);
  });

  test.each([
    ["cannot pull user:geheim@reg.example/web:1: denied", "cannot pull ***@reg.example/web:1: denied"],
    ["Get https://ann:geheim@reg.example:5000/v2/: EOF", "Get https://***@reg.example:5000/v2/: EOF"],
    ['Get "https://s3.example/blob?X-Sig=geheim&b=1": EOF', 'Get "https://s3.example/blob?…": EOF'],
    ["reg.example:5000/web:1@sha256:00 is gone", "reg.example:5000/web:1@sha256:00 is gone"],
    ["mail ops@example.com; see web: 80 at 10:20", "mail ops@example.com; see web: 80 at 10:20"],
  ])("says %j without secrets", (text, told) => {
    expect(oneLine(text)).toBe(told);
  });

  test("repeats no password that somebody put into the name of an image", () => {
    const services = [{ name: "web", image: "ann:geheim@reg.example/web:1" }];
    const intent = intentOf(JSON.stringify({ type: "PodmanV0", data: { services } }));
    expect(intent.kind === "refused" && oneLine(intent.error)).not.toContain("geheim");
  });
});
