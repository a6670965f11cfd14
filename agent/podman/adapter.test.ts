import { describe, expect, test } from "vitest";
import { authFiles, credentialsIn } from "./auth-file.ts";
import { podmanSocket } from "./client.ts";
import { listeningPorts } from "./listening.ts";
import { FrameReader, unframed } from "./log.ts";
import { problemOf } from "./problem.ts";
import { tarOf } from "./tar.ts";

describe("credentials", () => {
  const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") });
  const file = JSON.stringify({
    auths: {
      "quay.io": auth("all:1"),
      "quay.io/team": auth("team:with:colons"),
      "https://index.docker.io/v1/": auth("hub:2"),
      "127.0.0.1:5000": auth("local:3"),
      "empty.example": {},
    },
  });

  test.each([
    ["quay.io/team/web:1", "team", "with:colons"],
    ["quay.io/teams/web:1", "all", "1"],
    ["docker.io/library/nginx:1.27", "hub", "2"],
    ["127.0.0.1:5000/web@sha256:00", "local", "3"],
  ])("for %s are those of the longest key that fits", (image, username, password) => {
    expect(credentialsIn(file, image)).toEqual({ username, password });
  });

  test("are none where no key fits, where the entry is empty and where the file is torn", () => {
    expect(["ghcr.io/a/b:1", "empty.example/a:1"].map((image) => credentialsIn(file, image))).toEqual([null, null]);
    expect(credentialsIn('{"auths": {"qu', "quay.io/a:1")).toBe(null);
  });

  test("are looked for where container tools look, in their order", () => {
    expect(authFiles({ REGISTRY_AUTH_FILE: "/a", XDG_RUNTIME_DIR: "/run/user/7", HOME: "/home/x" })).toEqual([
      "/a",
      "/run/user/7/containers/auth.json",
      "/run/containers/0/auth.json",
      "/home/x/.config/containers/auth.json",
      "/home/x/.docker/config.json",
    ]);
  });
});

describe("the socket", () => {
  test("is the one that was asked for, as a path or as a URL, then CONTAINER_HOST, then the usual place", () => {
    expect(podmanSocket("unix:///x/y.sock", {}, 0)).toBe("/x/y.sock");
    expect(podmanSocket(undefined, { CONTAINER_HOST: "unix:///z.sock" }, 0)).toBe("/z.sock");
    expect(podmanSocket(undefined, { XDG_RUNTIME_DIR: "/nowhere/1000" }, 1_000)).toMatch(/podman\/podman\.sock$/);
  });
});

describe("a listening port", () => {
  test("is read from the kernel's table, established connections left out", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue",
      "   0: 00000000:0050 00000000:0000 0A 00000000:00000000",
      "   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000",
      "   2: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0",
    ].join("\n");
    expect(listeningPorts(table)).toEqual([80, 443]);
  });
});

describe("a log", () => {
  const frame = (text: string): Buffer => {
    const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };

  test("is taken out of its frames, a torn last one included", () => {
    const whole = Buffer.concat([frame("one\n"), frame("twö\n"), frame("three")]);
    expect(unframed(whole)).toBe("one\ntwö\nthree");
    expect(unframed(whole.subarray(0, whole.length - 2))).toBe("one\ntwö\nthr");
  });

  test("that arrives byte by byte gives the same lines", () => {
    const lines: string[] = [];
    const reader = new FrameReader((line) => lines.push(line));
    for (const byte of Buffer.concat([frame("one\ntw"), frame("ö\nrest")])) reader.push(Buffer.from([byte]));
    reader.end();
    expect(lines).toEqual(["one", "twö", "rest"]);
  });
});

describe("an archive of files", () => {
  test("holds names, modes and contents as tar does", () => {
    const archive = tarOf([{ path: "/etc/app.conf", content: Buffer.from("x=1\n"), mode: 0o640 }]);
    expect(archive.length % 512).toBe(0);
    expect(archive.toString("latin1", 0, 12)).toBe("etc/app.conf");
    expect(archive.toString("latin1", 100, 107)).toBe("0000640");
    expect(archive.toString("utf8", 512, 516)).toBe("x=1\n");
  });

  test("divides a long path at a slash, and refuses one that has none in time", () => {
    const long = `/${"d".repeat(90)}/${"f".repeat(90)}`;
    expect(tarOf([{ path: long, content: Buffer.from(""), mode: 0o644 }]).toString("latin1", 345, 435)).toBe(
      "d".repeat(90),
    );
    expect(() => tarOf([{ path: `/${"x".repeat(120)}`, content: Buffer.from(""), mode: 0o644 }])).toThrow(/too long/);
  });
});

describe("a problem", () => {
  const socket = "/run/podman/podman.sock";

  test("without an answer says nothing about the step, and how to start podman", () => {
    const error = Object.assign(new Error("connect ENOENT"), { code: "ENOENT" });
    expect(problemOf(error, "pull x", socket)).toEqual({
      kind: "unreachable",
      error:
        "cannot pull x: podman does not answer on /run/podman/podman.sock (ENOENT); start it: systemctl enable --now podman.socket",
    });
  });

  test.each([
    [
      { statusCode: 500, json: { cause: "no space left on device", message: "copying: no space left on device" } },
      /the disk is full: free space/,
    ],
    [{ statusCode: 500, json: null, message: "unauthorized: authentication required" }, /podman login/],
    [{ statusCode: 500, json: { cause: "address already in use" } }, /the port is taken/],
    [{ message: "initializing source: manifest unknown" }, /check the name, the tag/],
  ])("with an answer %j tells what to do", (error, advice) => {
    expect(problemOf(error, "do it", socket)).toMatchObject({
      kind: "failed",
      error: expect.stringMatching(advice) as unknown,
    });
  });

  test("of an image that is gone is told apart: it is pulled again", () => {
    expect(problemOf({ statusCode: 404, json: { cause: "image not known" } }, "create", socket).kind).toBe(
      "image-missing",
    );
  });
});
