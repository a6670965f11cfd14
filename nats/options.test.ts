import { describe, expect, test } from "vitest";
import { natsOptionsSchema, printableServers } from "./options.ts";

describe("the settings of NATS", () => {
  test("have defaults that reach a server on this machine", () => {
    expect(natsOptionsSchema.parse({})).toEqual({
      servers: ["nats://127.0.0.1:4222"],
      inboxPrefix: "_INBOX",
      apiPrefix: "$JS.API",
      bucketPrefix: "",
    });
  });

  test("take several servers separated by commas", () => {
    const { servers } = natsOptionsSchema.parse({ servers: "nats://a:4222, tls://b.example.com,[::1]:4222" });
    expect(servers).toEqual(["nats://a:4222", "tls://b.example.com", "[::1]:4222"]);
  });

  test.each(["", "http://a", "nats://a b", "nats://user:secret@@bad host", "nats://a:999999"])(
    "refuse %j as a server without repeating it",
    (servers) => {
      const result = natsOptionsSchema.safeParse({ servers });
      expect(result.success).toBe(false);
      expect(JSON.stringify(result.error?.issues)).not.toContain("secret");
      expect(JSON.stringify(result.error?.issues)).toContain("nats://");
    },
  );

  test.each([
    [{ bucketPrefix: "a.b" }, /at most 32 of/],
    [{ bucketPrefix: "x".repeat(33) }, /at most 32 of/],
    [{ inboxPrefix: "_INBOX.*" }, /an inbox prefix is/],
    [{ apiPrefix: "a..b" }, /an API prefix is/],
    [{ deliverPrefix: "a b" }, /a deliver prefix is/],
  ])("refuse %j and say what would do", (input, message) => {
    expect(() => natsOptionsSchema.parse(input)).toThrow(message);
  });

  test("are printed without user, password or token", () => {
    const servers = ["nats://u:p@a:4222", "tok@b", "tls://u:p%40x@c", "d:4222"];
    expect(printableServers({ servers })).toBe("nats://a:4222, b, tls://c, d:4222");
  });
});
