import { hash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { asyncProperty, array, assert, integer, nat, tuple } from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GitRepository } from "#sandbox/git-repository.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { execFileSync } from "node:child_process";
import { GitError } from "./git-error.ts";
import { openMemoryPack } from "./memory-pack.ts";
import { objectIdOf, OBJECT_MAX_BYTES } from "./objects.ts";

let scratch: Scratch;
let pack: Buffer;
let ids: string[];

beforeAll(() => {
  scratch = scratchFolder("pack");
  const repo = new GitRepository(`${scratch.path}/repo`);
  for (let version = 0; version < 8; version += 1) {
    const text = Array.from({ length: 200 }, (_, line) => `line ${line * (line % 9 === version ? 2 : 1)}`).join("\n");
    repo.commit(`version ${version}`, { "devices/a.yaml": text, [`devices/b${version}.yaml`]: `${version}` });
  }
  ids = repo
    .git("rev-list", "--objects", "--all")
    .split("\n")
    .map((line) => line.slice(0, 40));
  const options = { cwd: repo.path, input: ids.join("\n"), stdio: ["pipe", "pipe", "ignore"] as "pipe"[] };
  pack = execFileSync("git", ["pack-objects", "--stdout", "--depth=50", "--window=50"], options);
});

afterAll(() => scratch.remove());

describe("a pack from a server", () => {
  test("gives every object, each with the bytes that its id stands for", async () => {
    const opened = await openMemoryPack(pack, () => null);
    const found = ids.map((id) => {
      const at = opened.index.find(id);
      const object = at === null ? null : opened.readAt(at, () => null);
      return object === null ? null : objectIdOf(object.type, object.bytes);
    });
    expect(found).toEqual(ids);
  });

  test("that is damaged anywhere, its checksum made good again, is refused or still gives true objects", async () => {
    const damage = array(tuple(nat(), integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
    await assert(
      asyncProperty(damage, nat(), async (bytes, cut) => {
        const damaged = Buffer.from(pack);
        for (const [at, change] of bytes) damaged[at % (pack.length - 20)]! ^= change;
        const kept = cut % 5 === 0 ? damaged.subarray(0, cut % (pack.length - 20)) : damaged.subarray(0, -20);
        const outcome = await openMemoryPack(withChecksum(kept), () => null).then(
          () => "opened",
          (error: unknown) => (error instanceof GitError ? error.kind : error),
        );
        expect(["opened", "corrupt", "truncated", "too-large"]).toContain(outcome);
      }),
      { numRuns: 300 },
    );
  });

  test("whose object would unpack to more than the limit is refused before it is unpacked", async () => {
    const begun = process.memoryUsage().arrayBuffers;
    const bomb = packOf(OBJECT_MAX_BYTES + 1, deflateSync(Buffer.alloc(1_000)));
    await expect(openMemoryPack(bomb, () => null)).rejects.toMatchObject({ kind: "too-large" });
    const liar = packOf(10, deflateSync(Buffer.alloc(50_000_000)));
    await expect(openMemoryPack(liar, () => null)).rejects.toMatchObject({ kind: "corrupt" });
    expect(process.memoryUsage().arrayBuffers - begun).toBeLessThan(100_000_000);
  });
});

describe("deltas in a pack from a server", () => {
  const base = Buffer.from("the base of it all");
  const baseId = objectIdOf("blob", base);
  /** Takes the base whole and adds a letter. */
  const delta = (letter: string): Buffer =>
    Buffer.concat([Buffer.from([18, 19, 0x90, 18, 1]), Buffer.from(letter, "latin1")]);
  const onId = (id: string, letter: string): Buffer => entry(7, Buffer.from(id, "hex"), delta(letter));
  const whole = entry(3, Buffer.alloc(0), base);

  test("are understood where their base stands further on, in another pack, or is a delta of such a kind", async () => {
    const first = objectIdOf("blob", Buffer.from("the base of it alla"));
    const grown = Buffer.concat([Buffer.from([19, 20, 0x90, 19, 1]), Buffer.from("b")]);
    const entries = [entry(7, Buffer.from(first, "hex"), grown), onId(baseId, "a"), whole];
    for (const given of [entries, entries.slice(0, 2)]) {
      const opened = await openMemoryPack(packOfEntries(given), (id) =>
        id === baseId ? { type: "blob", bytes: base } : null,
      );
      const at = opened.index.find(objectIdOf("blob", Buffer.from("the base of it allab")));
      expect(opened.readAt(at ?? 0, () => ({ type: "blob", bytes: base }))?.bytes.toString()).toBe(
        "the base of it allab",
      );
    }
  });

  test.each([
    ["a base that is nowhere", [onId("3".repeat(40), "a"), whole]],
    ["a base before the pack begins", [entry(6, Buffer.from([100]), delta("a")), whole]],
    ["itself for a base", [entry(6, Buffer.from([0]), delta("a")), whole]],
    ["a base in the middle of another entry", [whole, entry(6, Buffer.from([3]), delta("a"))]],
  ])("with %s are refused", async (_, entries) => {
    await expect(openMemoryPack(packOfEntries(entries), () => null)).rejects.toMatchObject({ kind: "corrupt" });
  });
});

/** One entry: its kind and size, what it says about its base, and its stream. */
function entry(kind: number, about: Buffer, content: Buffer): Buffer {
  const head = [0x80 | (kind << 4) | (content.length & 0x0f), content.length >> 4];
  return Buffer.concat([Buffer.from(head), about, deflateSync(content)]);
}

function packOfEntries(entries: readonly Buffer[]): Buffer {
  const start = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1");
  start[11] = entries.length;
  return withChecksum(Buffer.concat([start, ...entries]));
}

// A pack of one blob that says that it has `size` bytes.
function packOf(size: number, data: Buffer): Buffer {
  const header = [0x30 | (size & 0x0f)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    header[header.length - 1]! |= 0x80;
    header.push(rest & 0x7f);
  }
  const start = Buffer.from("PACK\0\0\0\u0002\0\0\0\u0001", "latin1");
  return withChecksum(Buffer.concat([start, Buffer.from(header), data]));
}

function withChecksum(body: Uint8Array): Buffer {
  return Buffer.concat([body, Buffer.from(hash("sha1", body, "hex"), "hex")]);
}
