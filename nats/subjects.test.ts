import { describe, expect, test } from "vitest";
import { natsOptionsSchema } from "./options.ts";
import { isKey, isKeyFilter, publishSubjects, streamOf, subjectOf } from "./subjects.ts";

describe("the names in NATS", () => {
  test("are those of every key-value client, with the fleet's prefix", () => {
    const options = natsOptionsSchema.parse({ bucketPrefix: "shop_" });
    expect(streamOf(options, "fleet")).toBe("KV_shop_fleet");
    expect(subjectOf(options, "fleet", "lease.reconciler")).toBe("$KV.shop_fleet.lease.reconciler");
    const published = publishSubjects(options);
    expect(published("fleet", "reconciler")).toBe("$KV.shop_fleet.reconciler");
    expect(published("device-info", "info.kiosk-1")).toBe("$KV.shop_device-info.info.kiosk-1");
  });

  test("stand under a foreign API prefix for publishing", () => {
    const options = natsOptionsSchema.parse({ apiPrefix: "fleet.API" });
    expect(publishSubjects(options)("device-info", "info.kiosk-1")).toBe("fleet.API.$KV.device-info.info.kiosk-1");
  });

  test.each([
    ["kiosk-1.web", true, true],
    ["a=b/c_d", true, true],
    ["kiosk-1.>", false, true],
    ["*.web", false, true],
    [">", false, true],
    ["", false, false],
    ["a..b", false, false],
    [".a", false, false],
    ["a.", false, false],
    ["a b", false, false],
    ["a.>.b", false, false],
    ["a*", false, false],
    ["ü", false, false],
  ])("%j: a key: %s, a filter: %s", (text, key, filter) => {
    expect({ key: isKey(text), filter: isKeyFilter(text) }).toEqual({ key, filter });
  });
});
