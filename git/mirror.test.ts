import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GitRepository } from "#sandbox/git-repository.ts";
import { startGitServer, type GitServer } from "#sandbox/git-server.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { HttpClient } from "./http-client.ts";
import { objectIdOf } from "./objects.ts";
import { RemoteRepository } from "./remote-repository.ts";

const PACKS_MAX = 4;
const LATER_MAX_BYTES = 100_000;
/** Commits that the mirror keeps the contents of. */
const KEPT_COMMITS = 8;

let scratch: Scratch;
let repo: GitRepository;
let server: GitServer;
let source: RemoteRepository;

beforeEach(async () => {
  scratch = scratchFolder("mirror");
  repo = new GitRepository(`${scratch.path}/fleet`);
  server = await startGitServer({ root: scratch.path });
  const http = new HttpClient({ idleMs: 20_000, limitMs: 60_000, authorization: async () => null });
  source = new RemoteRepository(`${server.url}/fleet/.git`, http, {
    packsMax: PACKS_MAX,
    laterMaxBytes: LATER_MAX_BYTES,
  });
});

afterEach(async () => {
  await source.close();
  await server.close();
  scratch.remove();
});

async function catchUp(): Promise<string> {
  const head = await source.head("main");
  await source.ensureCommit(head);
  return head;
}

/** Bytes that no packing makes smaller, the same for the same seed. */
function noise(seed: number, bytes: number): string {
  let text = "";
  for (let at = 0; text.length < bytes; at += 1) text += objectIdOf("blob", Buffer.from(`${seed} ${at}`));
  return text;
}

/** Objects that git says a commit is made of and that are not here with the bytes that their id stands for. */
function missing(commit: string): string[] {
  const lines = repo.git("rev-list", "--objects", "--no-walk", commit).split("\n");
  return lines.filter((line) => {
    const object = source.objects.read(line.slice(0, 40));
    return object === null || objectIdOf(object.type, object.bytes) !== line.slice(0, 40);
  });
}

describe("a mirror over many commits", () => {
  test("holds all of the newest ones and no more than it may, however many there were", async () => {
    repo.commit("first", { "devices/a.yaml": noise(0, 20_000), "devices/b.yaml": noise(1, 2_000) });
    await catchUp();
    const base = source.size.bytes;
    let largest = 0;
    for (let round = 1; round <= 14; round += 1) {
      repo.commit(`round ${round}`, {
        "devices/b.yaml": noise(round, 2_000),
        [`devices/c${round % 3}.yaml`]: `${round}`,
      });
      expect(missing(await catchUp())).toEqual([]);
      largest = Math.max(largest, source.size.bytes);
      expect(source.size.packs).toBeLessThanOrEqual(PACKS_MAX);
    }
    const perCommit = 4_000;
    expect(largest).toBeLessThan(base + (KEPT_COMMITS + PACKS_MAX) * perCommit);
  });

  test("asks only for what is new, also after its packs became one", async () => {
    repo.commit("first", { "devices/a.yaml": noise(0, 50_000) });
    await catchUp();
    const received: number[] = [];
    for (let round = 1; round <= 2 * PACKS_MAX; round += 1) {
      repo.commit(`round ${round}`, { "devices/b.yaml": `${round}` });
      const before = source.size;
      await catchUp();
      received.push(source.size.bytes - before.bytes);
    }
    expect(Math.max(...received)).toBeLessThan(5_000);
  });

  test("keeps what a file was taken back to", async () => {
    repo.commit("first", { "devices/a.yaml": "one" });
    expect(missing(await catchUp())).toEqual([]);
    for (let round = 0; round < 3 * PACKS_MAX; round += 1) {
      repo.commit(`round ${round}`, {
        "devices/a.yaml": round % 2 === 0 ? "two" : "one",
        "devices/b.yaml": `${round}`,
      });
      expect(missing(await catchUp())).toEqual([]);
    }
  });

  test("begins anew when what came later is larger than it may be", async () => {
    repo.commit("first", { "devices/a.yaml": "small" });
    await catchUp();
    repo.commit("large", { "devices/large.yaml": noise(7, 4 * LATER_MAX_BYTES) });
    expect(missing(await catchUp())).toEqual([]);
    expect(source.size.bytes).toBeGreaterThan(LATER_MAX_BYTES);
    repo.commit("taken back", { "devices/large.yaml": null });
    expect(missing(await catchUp())).toEqual([]);
    expect(source.size).toMatchObject({ packs: 1 });
    expect(source.size.bytes).toBeLessThan(LATER_MAX_BYTES);
  });
});
