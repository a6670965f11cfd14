import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseDeviceId, parseWireDeploymentName } from "#schema/names.ts";
import { intentOf } from "../core/intent.ts";
import { localFromRecord, recordText } from "../core/record.ts";
import { newLocal } from "../core/state.ts";
import { parsePulledImages } from "./pulled-images.ts";
import { RECORD_MAX_BYTES, openStateFolder } from "./state-folder.ts";

const device = parseDeviceId("kiosk-0001")!;
const web = parseWireDeploymentName("web")!;
let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "gf-disk-"));
});

afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

describe("the state folder", () => {
  test("gives back what was saved and forgets what was deleted", async () => {
    const folder = await openStateFolder(path, device);
    await folder.saveRecord(web, "one");
    await folder.saveRecord(web, "two");
    expect(await (await openStateFolder(path, device)).records()).toEqual(["two"]);
    await folder.deleteRecord(web);
    expect(await folder.records()).toEqual([]);
  });

  test("keeps apart deployments whose names differ only in what a file system does not know", async () => {
    const folder = await openStateFolder(path, device);
    const names = ["ümlaut", "a/b", "a_b", "a-b", `x${"ü".repeat(120)}`].map((name) => parseWireDeploymentName(name)!);
    for (const name of names) await folder.saveRecord(name, name);
    expect((await folder.records()).toSorted()).toEqual([...names].toSorted());
  });

  test.each(["/proc/nowhere", "/dev/null/below"])("says at once that %s cannot be made", async (impossible) => {
    await expect(openStateFolder(impossible, device)).rejects.toThrow(/\/proc\/nowhere|ENOTDIR/);
  });

  test("that two agents share keeps apart what each of them knows", async () => {
    const other = parseDeviceId("kiosk-0002")!;
    await (await openStateFolder(path, device)).saveRecord(web, "one");
    await (await openStateFolder(path, other)).saveRecord(web, "two");
    expect(await (await openStateFolder(path, device)).records()).toEqual(["one"]);
  });

  test("leaves out what is torn in the writing, and clears it away", async () => {
    const folder = await openStateFolder(path, device);
    await folder.saveRecord(web, "whole");
    writeFileSync(join(path, device, "deployments/web.json.unfinished"), "ha");
    writeFileSync(join(path, device, "deployments/huge.json"), "x".repeat(RECORD_MAX_BYTES + 1));
    expect(await folder.records()).toEqual(["whole"]);
    expect(readdirSync(join(path, device, "deployments")).toSorted()).toEqual(["huge.json", "web.json"]);
  });

  test("is for its owner only", async () => {
    const folder = await openStateFolder(path, device);
    await folder.saveImages("[]");
    expect(readFileSync(join(path, device, "images.json"), "utf8")).toBe("[]");
    const { statSync } = await import("node:fs");
    expect(statSync(join(path, device, "images.json")).mode & 0o077).toBe(0);
  });
});

describe("a record", () => {
  const value = JSON.stringify({
    type: "PodmanV0",
    data: { services: [{ name: "web", image: "docker.io/library/nginx:1.27" }] },
  });

  test("brings back the intent and what was concluded of it", () => {
    const local = {
      ...newLocal(web, intentOf(value)),
      accepted: "sha256:aa",
      images: { digest: "sha256:aa", current: ["i1"], previous: ["i0"] },
    };
    const text = recordText(device, local)!;
    const back = localFromRecord(text, device, 0)!;
    expect(back).toMatchObject({ name: "web", intent: local.intent, accepted: "sha256:aa", images: local.images });
    expect(recordText(device, back)).toBe(text);
  });

  test("remembers a removal that is under way", () => {
    const text = recordText(device, newLocal(web, { kind: "remove" }))!;
    expect(localFromRecord(text, device, 0)?.intent).toEqual({ kind: "remove" });
  });

  test("that is torn, of another version or of another device is none", () => {
    const text = recordText(device, newLocal(web, intentOf(value)))!;
    const other = parseDeviceId("kiosk-0002")!;
    expect([
      localFromRecord(text.slice(0, 40), device, 0),
      localFromRecord(text.replace('"version":1', '"version":9'), device, 0),
      localFromRecord(text, other, 0),
    ]).toEqual([null, null, null]);
  });
});

describe("the list of pulled images", () => {
  test("that is torn is empty: those images stay", () => {
    expect(parsePulledImages('[{"id":"a"').size).toBe(0);
    expect([...parsePulledImages('[{"id":"a","reference":"b"}]')]).toEqual([["a", { reference: "b", notBeforeMs: 0 }]]);
  });
});
