import { describe, expect, test } from "vitest";
import { parsePort, portsConflict } from "./port.ts";

describe("published ports", () => {
  test("are read with address, both ports and protocol", () => {
    expect(parsePort("8080:80")).toEqual({ address: null, hostPort: 8080, containerPort: 80, protocol: "tcp" });
    expect(parsePort("127.0.0.1:53:5353/udp")).toEqual({
      address: "127.0.0.1",
      hostPort: 53,
      containerPort: 5353,
      protocol: "udp",
    });
  });

  test.each(["[::1]:80:80", "[0:0:0:0:0:0:0:1]:80:80", "[0000::0001]:80:80", "[::0:1]:80:80"])(
    "%s is the loopback address",
    (text) => {
      expect(parsePort(text)?.address).toBe("0:0:0:0:0:0:0:1");
    },
  );

  test.each(["0.0.0.0:80:80", "[::]:80:80", "[0::0]:80:80", "80:80"])("%s is on all addresses", (text) => {
    expect(parsePort(text)?.address).toBeNull();
  });

  test.each(["[::ffff:1.2.3.4]:80:80", "[2001:DB8::1]:80:80", "1.2.3.4:80:80"])("%s is a port", (text) => {
    expect(parsePort(text)).not.toBeNull();
  });

  test.each([
    "",
    "80",
    "80:",
    ":80",
    "80:80:",
    "0:80",
    "80:0",
    "65536:80",
    "80:65536",
    "080:80",
    "8000-8010:80",
    "::1:80:80",
    "[::1]80:80",
    "[1::2::3]:80:80",
    "[:::]:80:80",
    "[1:2:3:4:5:6:7]:80:80",
    "[1:2:3:4:5:6:7:8:9]:80:80",
    "[1:2:3:4:5:6:7::8]:80:80x",
    "256.1.1.1:80:80",
    "1.2.3:80:80",
    "01.2.3.4:80:80",
    "localhost:80:80",
    "80:80/sctp",
    "80:80/TCP",
    "80:80/",
    " 80:80",
    "80:80 ",
    "80:80\n",
    "-1:80",
    "1e3:80",
    "[::1.2.3]:80:80",
    "[1.2.3.4]:80:80",
    "٨٠:80",
  ])("%j is none", (text) => {
    expect(parsePort(text)).toBeNull();
  });

  test.each([
    ["8080:80", "8080:81", true],
    ["8080:80", "127.0.0.1:8080:80", true],
    ["[::]:8080:80", "127.0.0.1:8080:80", true],
    ["[::1]:8080:80", "[0::1]:8080:80", true],
    ["127.0.0.1:8080:80", "127.0.0.2:8080:80", false],
    ["8080:80/udp", "8080:80/tcp", false],
    ["8080:80", "8081:80", false],
  ])("%s and %s clash: %s", (one, other, clash) => {
    const [a, b] = [parsePort(one), parsePort(other)];
    if (a === null || b === null) throw new Error("both are ports");
    expect([portsConflict(a, b), portsConflict(b, a)]).toEqual([clash, clash]);
  });
});
