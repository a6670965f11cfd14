import { describe, expect, test } from "vitest";
import { createLogger, lineForPeople } from "./logger.ts";

function collect(options: { format: "json" | "text"; level?: "debug" | "info" }): {
  lines: string[];
  log: ReturnType<typeof createLogger>;
} {
  const lines: string[] = [];
  return { lines, log: createLogger({ name: "agent", ...options, write: (line) => lines.push(line) }) };
}

describe("logger", () => {
  test("writes one JSON object a line, with level, name and time as text", () => {
    const { lines, log } = collect({ format: "json" });
    log.info({ device: "kiosk-0001" }, "pull image again");
    const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(line).toMatchObject({ level: "info", name: "agent", device: "kiosk-0001", msg: "pull image again" });
    expect(line["time"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test("keeps the fields of a child on every line, and errors with message and cause", () => {
    const { lines, log } = collect({ format: "json" });
    log.child({ device: "a" }).warn({ err: new Error("no", { cause: new Error("why") }) }, "failed");
    const line = JSON.parse(lines[0] ?? "") as { device: string; err: { message: string } };
    expect(line.device).toBe("a");
    expect(line.err.message).toBe("no: why");
  });

  test("tells an error's kind, code and stack, and those of its causes, on one line", () => {
    const { lines, log } = collect({ format: "json" });
    const cause = new RangeError("why");
    log.error({ err: Object.assign(new TypeError("no", { cause }), { code: "ENOENT", secret: "s3cret" }) }, "failed");
    expect(lines.join("").match(/\n/g)).toHaveLength(1);
    const { err } = JSON.parse(lines[0] ?? "") as { err: { stack: string } };
    expect(err).toMatchObject({ type: "TypeError", code: "ENOENT" });
    expect(err.stack).toMatch(/^TypeError: no\n[^]*\ncaused by: RangeError: why\n/);
    expect(lines[0]).not.toContain("s3cret");
  });

  test("keeps the sentence where JSON cannot hold the fields", () => {
    const { lines, log } = collect({ format: "json" });
    const round: Record<string, unknown> = {};
    round["self"] = round;
    log.warn(round, "goes round");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "warn", msg: "goes round" });
  });

  test("says nothing below its level", () => {
    const { lines, log } = collect({ format: "json", level: "info" });
    log.debug("small talk");
    expect(lines).toEqual([]);
  });

  test("writes for people as time, level, sentence and fields", () => {
    const { lines, log } = collect({ format: "text" });
    log.info({ device: "a", image: "two words" }, "pull image again");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}pull image again device=a image="two words"\n$/);
  });

  test("lets no control sequence of a device reach the terminal", () => {
    const json = JSON.stringify({ level: "info", time: "2026-01-01T00:00:00Z", msg: "\u001b[2Jhello", x: "\u001b[2J" });
    expect(lineForPeople(json)).not.toContain("\u001b");
  });
});
