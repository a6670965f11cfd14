import { describe, expect, test } from "vitest";
import { settings } from "./config.ts";

function problemsOf(given: Record<string, unknown>): string[] {
  const { error } = settings.safeParse({ deviceId: "kiosk-0001", nats: {}, ...given });
  return (error?.issues ?? []).map(({ message }) => message);
}

describe("the agent's settings", () => {
  test.each(["/run/podman/podman.sock", "unix:///run/podman/podman.sock", "unix:/run/podman.sock", "podman.sock"])(
    "take %s as podman's socket",
    (podman) => {
      expect(problemsOf({ podman })).toEqual([]);
    },
  );

  test.each(["tcp://127.0.0.1:8888", "ssh://root@host/run/podman.sock"])(
    "refuse %s: podman is on this machine",
    (podman) => {
      expect(problemsOf({ podman })).toEqual([expect.stringContaining("unix:///path")]);
    },
  );

  test("refuse a socket path that the kernel cannot take", () => {
    expect(problemsOf({ podman: `/run/${"x".repeat(110)}` })).toEqual([expect.stringContaining("107 bytes")]);
  });

  test.each(["Kiosk", "a.b", "-a", "", "a".repeat(64)])("refuse %j as a device id", (deviceId) => {
    expect(problemsOf({ deviceId })).toEqual([expect.stringContaining("a device id is")]);
  });

  test("refuse labels that Kubernetes would, too many of them, and more than one message can hold", () => {
    expect(problemsOf({ labels: { "bad key": "x" } })).toHaveLength(1);
    expect(problemsOf({ labels: { role: "kiosk!" } })).toHaveLength(1);
    const many = (count: number, bytes: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${"p".repeat(bytes)}.example/l${index}`, "v"]));
    expect(problemsOf({ labels: many(64, 10) })).toEqual([]);
    expect(problemsOf({ labels: many(65, 10) })).toEqual([expect.stringContaining("at most 64")]);
    expect(
      problemsOf({
        labels: Object.fromEntries(
          Object.keys(many(64, 60)).map((key) => [`${"p".repeat(60)}.${"q".repeat(60)}.${key}`, "v".repeat(60)]),
        ),
      }),
    ).toEqual([expect.stringContaining("bytes")]);
  });
});
