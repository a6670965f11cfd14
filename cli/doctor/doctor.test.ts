/** What doctor makes of a machine that cannot be had for a test. */
import { describe, expect, test } from "vitest";
import { checkClock } from "./clock.ts";
import { checkControlGroups } from "./control-groups.ts";
import { checkNode } from "./machine.ts";
import { hostOf } from "./names.ts";

describe("the clock", () => {
  test.each([
    [400, "ok", "within 0.4 s of the NATS server"],
    [-400, "ok", "within 0.4 s of the NATS server"],
    [12_345, "warn", "12.3 s behind the NATS server"],
    [-12_345, "warn", "12.3 s ahead of the NATS server"],
    [86_400_000, "fail", "86400.0 s behind the NATS server"],
  ])("that is off by %d ms is %s", (offsetMs, level, found) => {
    expect(checkClock({ offsetMs, whose: "the NATS server" })).toMatchObject({ level, found });
  });
});

describe("control groups", () => {
  const host = (cgroupVersion: string, cgroupControllers: string[], rootless: boolean) => ({
    host: { cgroupVersion, cgroupControllers, security: { rootless } },
  });

  test.each([
    [
      "version 2 with all that limits need",
      host("v2", ["cpuset", "cpu", "memory", "pids"], false),
      "ok",
      "v2, with cpuset",
    ],
    ["version 1 under root", host("v1", ["cpu", "memory"], false), "ok", "v1; limits work"],
    ["version 1 under a user", host("v1", [], true), "warn", "v1: rootless containers cannot be limited"],
    [
      "a kernel without memory limits",
      host("v2", ["cpu", "pids"], false),
      "warn",
      "v2, with cpu, pids; containers cannot be limited: memory is missing",
    ],
    [
      "what a user was not given",
      host("v2", ["memory", "pids"], true),
      "warn",
      "v2, delegated memory, pids; containers cannot be limited: cpu is missing",
    ],
  ])("%s", (_what, info, level, found) => {
    const check = checkControlGroups(info);
    expect(check).toMatchObject({ level, found: expect.stringContaining(found) });
    expect(check.todo === undefined).toBe(level === "ok");
  });
});

test("Node 22.14 is enough for compiled gitfleet, and an older one is not", () => {
  expect(checkNode("22.14.0").level).toBe("ok");
  expect(checkNode("20.19.0")).toMatchObject({ level: "fail", found: "20.19.0: gitfleet needs 22.14" });
});

test.each([
  ["nats://user:pass@nats.example:4222", "nats.example"],
  ["tls://[2001:db8::1]:4222", "2001:db8::1"],
  ["nats.example:4222", "nats.example"],
  ["registry.example:5000/team/app", "registry.example"],
  ["https://git.example/fleet.git", "git.example"],
])("the host of %s is %s", (address, host) => {
  expect(hostOf(address)).toBe(host);
});
