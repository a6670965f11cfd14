import { array, assert, asyncProperty, constantFrom, letrec, oneof, record } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot, SnapshotEntry } from "#fleet/snapshot.ts";
import { FleetSnapshots } from "./fleet-snapshot.ts";
import { objectIdOf, type GitObject, type ObjectReader, type ObjectType } from "./objects.ts";

/** One line of a folder as it might come from anywhere: in any order, a name twice, a name of bytes. */
interface Line {
  readonly name: string;
  readonly mode: "100644" | "120000" | "160000" | "40000";
  readonly inside: Content;
}
type Content = string | readonly Line[];

const { folder } = letrec<{ file: Line; below: Line; folder: readonly Line[] }>((tie) => ({
  file: record({
    name: constantFrom("a.yaml", "b.yml", "c", "..", "\u00ff.yaml"),
    mode: constantFrom("100644", "120000", "160000"),
    inside: constantFrom("one", "two", "three"),
  }),
  below: record({
    name: constantFrom("a.yaml", "c", "d", "e", ".."),
    mode: constantFrom("40000"),
    inside: tie("folder"),
  }),
  folder: array(oneof({ depthSize: "small", withCrossShrink: true }, tie("file"), tie("below")), { maxLength: 5 }),
}));
const commits = array(record({ devices: folder, deployments: folder }), { minLength: 2, maxLength: 6 });

class Objects implements ObjectReader {
  readonly #objects = new Map<string, GitObject>();

  add(type: ObjectType, bytes: Buffer): string {
    const id = objectIdOf(type, bytes);
    this.#objects.set(id, { type, bytes });
    return id;
  }

  tree(lines: readonly Line[]): string {
    const parts = lines.map(({ name, mode, inside }) => {
      const id = typeof inside === "string" ? this.add("blob", Buffer.from(inside)) : this.tree(inside);
      return Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(id, "hex")]);
    });
    return this.add("tree", Buffer.concat(parts));
  }

  commit(top: Readonly<Record<"devices" | "deployments", readonly Line[]>>): string {
    const lines = Object.entries(top).map(([name, inside]): Line => ({ name, mode: "40000", inside }));
    lines.push({ name: "README.md", mode: "100644", inside: "no fleet file" });
    return this.add("commit", Buffer.from(`tree ${this.tree(lines)}\n\n`));
  }

  read(id: string): GitObject | null {
    return this.#objects.get(id) ?? null;
  }

  readUpTo(id: string): GitObject | null {
    return this.read(id);
  }

  inStoredOrder(ids: readonly string[]): readonly string[] {
    return ids;
  }
}

function byPath(entries: readonly SnapshotEntry[]): Map<string, SnapshotEntry> {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

/** What a reader that kept the entries of `earlier` makes of `later`. */
function carriedOn(earlier: Snapshot, later: Snapshot): Map<string, SnapshotEntry> {
  const entries = byPath(earlier.entries);
  const changes = earlier.listing === undefined ? null : later.changesSince?.(earlier.listing);
  if (changes === null || changes === undefined) throw new Error("two commits cannot be compared");
  for (const path of changes.removed) expect(entries.delete(path)).toBe(true);
  for (const entry of changes.changed) {
    expect(entries.get(entry.path)).not.toEqual(entry);
    entries.set(entry.path, entry);
  }
  return entries;
}

function sorted(entries: Map<string, SnapshotEntry>): SnapshotEntry[] {
  return [...entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

describe("the changes between two commits", () => {
  test("lead from the entries of any one to those of any other, as if each had been read anew", async () => {
    await assert(
      asyncProperty(commits, async (history) => {
        const objects = new Objects();
        const ids = history.map((top) => objects.commit(top));
        const kept = new FleetSnapshots();
        const snapshots: Snapshot[] = [];
        for (const commit of ids) {
          const snapshot = await kept.read(objects, { commit, wants: () => [] });
          const fresh = await new FleetSnapshots().read(objects, { commit, wants: () => [] });
          expect(snapshot.entries).toEqual(fresh.entries);
          expect(byPath(fresh.entries).size).toBe(fresh.entries.length);
          for (const earlier of snapshots) {
            expect(sorted(carriedOn(earlier, fresh))).toEqual(sorted(byPath(fresh.entries)));
            expect(sorted(carriedOn(fresh, earlier))).toEqual(sorted(byPath(earlier.entries)));
          }
          snapshots.push(snapshot);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("are all that a reader is asked about that says what it knows", async () => {
    const objects = new Objects();
    const file = (name: string, inside: string): Line => ({ name, mode: "100644", inside });
    const [before, after] = ["two", "three"].map((text) =>
      objects.commit({ deployments: [file("w.yaml", "one")], devices: [file("a.yaml", "one"), file("b.yaml", text)] }),
    );
    const snapshots = new FleetSnapshots();
    const first = await snapshots.read(objects, { commit: before ?? "", wants: (entries) => entries });
    const asked: string[] = [];
    const second = await snapshots.read(objects, {
      commit: after ?? "",
      since: first.listing ?? null,
      wants: (entries) => (asked.push(...entries.map(({ path }) => path)), entries),
    });
    expect(asked).toEqual(["devices/b.yaml"]);
    const [changed] = second.changesSince?.(first.listing ?? { entryCount: 0 })?.changed ?? [];
    expect(Buffer.from(second.content(changed?.id ?? "") ?? []).toString()).toBe("three");
    expect(second.changesSince?.({ entryCount: 3 })).toBeNull();
  });

  test("read no folder that both commits share", async () => {
    const objects = new Objects();
    const inside: Line[] = [{ name: "a.yaml", mode: "100644", inside: "one" }];
    const shared: Line = { name: "shared", mode: "40000", inside };
    const tree = objects.tree(inside);
    const read: string[] = [];
    const watched: ObjectReader = {
      read: (id) => (read.push(id), objects.read(id)),
      readUpTo: (id) => objects.readUpTo(id),
      inStoredOrder: (ids) => ids,
    };
    const snapshots = new FleetSnapshots();
    for (const text of ["one", "two"]) {
      const other: Line = { name: "z.yaml", mode: "100644", inside: text };
      const commit = objects.commit({ deployments: [], devices: [shared, other] });
      await snapshots.read(watched, { commit, wants: () => [] });
    }
    expect(read.filter((id) => id === tree)).toHaveLength(1);
  });
});
