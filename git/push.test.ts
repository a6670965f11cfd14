import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { finished } from "#fleet/steps.ts";
import { changeFolder, filesOf, type Folder } from "./folder.ts";
import { push, readReport, type PushResult } from "./push.ts";
import { localReceivePack } from "./receive-pack.ts";
import { commitObject, type GitObject } from "./write-objects.ts";

const REF = "refs/heads/fleet-status";
const AUTHOR = { name: "gitfleet", email: "gitfleet@localhost", atMs: 1_776_000_000_000 };

let folderPath: string;
beforeEach(() => {
  folderPath = mkdtempSync(join(tmpdir(), "gitfleet-push-"));
  git("init", "--quiet", "--bare", ".");
});
afterEach(() => rmSync(folderPath, { recursive: true, force: true }));

describe("pushing from memory", () => {
  test("makes commits that git itself finds flawless, and that share what did not change", async () => {
    const first = built(null, null, {
      "status/README.md": "hello\n",
      "status/b/x.yaml": "1\n",
      "status/b.yaml": "2\n",
    });
    expect(await pushed(null, first)).toEqual({ kind: "pushed" });
    const second = built(first.folder, first.commit.id, { "status/b/x.yaml": "3\n", "status/b.yaml": null });
    expect(await pushed(first.commit.id, second)).toEqual({ kind: "pushed" });
    expect(second.objects).toHaveLength(5);
    expect(git("fsck", "--strict", "--full")).toBe("");
    expect(git("ls-tree", "-r", "--name-only", REF)).toBe("status/README.md\nstatus/b/x.yaml\n");
    expect(git("show", `${REF}:status/b/x.yaml`)).toBe("3\n");
    expect(git("rev-list", "--count", REF)).toBe("2\n");
  });

  test("never overwrites what somebody else pushed meanwhile, not even with a shorter history", async () => {
    const first = built(null, null, { a: "1" });
    await pushed(null, first);
    const theirs = built(first.folder, first.commit.id, { b: "1" });
    await pushed(first.commit.id, theirs);
    expect(await pushed(first.commit.id, built(first.folder, null, { c: "1" }))).toMatchObject({ kind: "moved" });
    expect(await pushed(null, built(null, null, { d: "1" }))).toMatchObject({ kind: "moved" });
    expect(git("rev-parse", REF)).toBe(`${theirs.commit.id}\n`);
  });

  test("replaces a history by one commit where the branch stands as expected", async () => {
    const first = built(null, null, { a: "1" });
    await pushed(null, first);
    const squashed = built(first.folder, null, { a: "2" });
    expect(await pushed(first.commit.id, squashed)).toEqual({ kind: "pushed" });
    expect(git("rev-list", "--count", REF)).toBe("1\n");
  });

  test("says why a hook does not want it", async () => {
    git("config", "receive.denyNonFastForwards", "true");
    const first = built(null, null, { a: "1" });
    await pushed(null, first);
    const result = await pushed(first.commit.id, built(first.folder, null, { a: "2" }));
    expect(result).toEqual({ kind: "refused", message: "non-fast-forward" });
  });

  test("an answer that is no whole report is no success", () => {
    expect(() => readReport(Buffer.from("<html>please log in</html>"), REF)).toThrow(/not a report of git/);
    expect(() => readReport(Buffer.from("000eunpack ok\n0000"), REF)).toThrow(/not a report of git/);
    expect(() => readReport(Buffer.alloc(0), REF)).toThrow(/not a report of git/);
  });

  test("a repository that is not there is an error that says where it looked", async () => {
    const receive = localReceivePack(join(folderPath, "missing"));
    const { commit, objects } = built(null, null, { a: "1" });
    await expect(push(receive, { ref: REF, from: null, to: commit.id, objects })).rejects.toThrow(/missing/);
  });
});

describe("folders in memory", () => {
  test("keep what others put beside our files", () => {
    const { folder } = built(null, null, { "notes.md": "theirs", "status/README.md": "ours" });
    const changed = finished(changeFolder(folder, new Map([["status/README.md", null]])));
    expect([...filesOf(changed.folder).keys()]).toEqual(["notes.md"]);
  });

  test("deleting what is not there changes nothing", () => {
    const { folder } = built(null, null, { a: "1" });
    const changed = finished(changeFolder(folder, new Map([["b/c/d", null]])));
    expect(changed).toEqual({ folder, objects: [] });
  });
});

interface Built {
  readonly folder: Folder | null;
  readonly commit: GitObject;
  readonly objects: GitObject[];
}

function built(base: Folder | null, parent: string | null, files: Record<string, string | null>): Built {
  const { folder, objects } = finished(changeFolder(base, new Map(Object.entries(files))));
  const parents = parent === null ? [] : [parent];
  const commit = commitObject({ tree: folder?.id ?? "", parents, author: AUTHOR, message: "status" });
  return { folder, commit, objects: [...objects, commit] };
}

function pushed(from: string | null, { commit, objects }: Built): Promise<PushResult> {
  return push(localReceivePack(folderPath), { ref: REF, from, to: commit.id, objects });
}

function git(...args: string[]): string {
  return execFileSync("git", ["-C", folderPath, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
