import { describe, expect, test } from "vitest";
import { listenSetting, parseListen } from "./listen-address.ts";

const NONE = ["", "9280", "host:99999", "http://x:1", "::1:80"];

describe("an address to listen on", () => {
  test("is taken apart; without a host it is all addresses", () => {
    expect(parseListen("[::1]:80")).toEqual({ host: "::1", port: 80 });
    expect(parseListen(":80")).toEqual({ host: undefined, port: 80 });
  });

  test.each(NONE)("%j is none, which is wrong usage", (text) => {
    expect(() => parseListen(text)).toThrow(/not an address/);
  });

  test("is a setting that may be off, and that says what is written where it is none", () => {
    const setting = listenSetting("off");
    expect([undefined, "off", ":80"].map((given) => setting.parse(given))).toEqual(["off", "off", ":80"]);
    for (const text of NONE) expect(() => setting.parse(text)).toThrow("write host:port, or off");
  });
});
