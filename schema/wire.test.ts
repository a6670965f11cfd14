import { describe, expect, test } from "vitest";
import { deviceInfoSchema } from "./wire.ts";

describe("device-info", () => {
  const info = { device_id: "kiosk-0001", labels: { role: "kiosk" }, updated_at: "2026-04-22T17:42:42Z" };

  test("may say since when another agent writes under the same device id, and mostly does not", () => {
    const since = "2026-04-22T17:42:00Z";
    expect(deviceInfoSchema.parse({ ...info, duplicate_since: since }).duplicate_since).toBe(since);
    expect(deviceInfoSchema.parse(info)).toEqual(info);
  });

  test("of another version may hold more", () => {
    expect(deviceInfoSchema.parse({ ...info, battery: 80 })).toEqual(info);
  });
});
