/** An old copy of all that NATS stored is put back: nothing that runs is restarted for it, and the fleet comes to what git says. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FleetObserver } from "#cli/demo/observer.ts";
import { helloDeployment } from "#sandbox/fleet-repository.ts";
import { startLocalFleet, UndoStack, type LocalFleet } from "#sandbox/local-fleet.ts";
import { until } from "#sandbox/until.ts";

const LIMIT_MS = 180_000;
const undo = new UndoStack();
let fleet: LocalFleet;
let observer: FleetObserver;

beforeAll(async () => {
  fleet = await startLocalFleet({ undo });
  observer = await FleetObserver.open(fleet, new AbortController().signal);
  undo.add("observer", async () => await observer.close());
}, LIMIT_MS);

afterAll(async () => {
  const failures = await undo.run();
  if (failures.length > 0) throw new Error(failures.join("; "));
}, LIMIT_MS);

describe("a backup of NATS from before a commit", () => {
  test(
    "that is put back is brought up to date, and no container restarts or comes back",
    async () => {
      write({ hello: "web:1", old: "web:1" });
      await commitAndConverge("Run hello and old");
      await copyStore("backup");
      write({ hello: "web:2", old: null, new: "web:1" });
      await commitAndConverge("Newer hello, new instead of old");
      await until("old is gone", async () => !(await containers()).includes("old_"), { limitMs: 60_000 });
      const before = await containers();
      const commit = await fleet.repository.git("rev-parse", "HEAD");
      // As docs/operating.md has it: devices are let in once the reconciler has said what git says.
      await fleet.device.cutNetwork();
      await restoreStore("backup");
      await observer.wait("the reconciler has seen the copy", () => wasApplied(commit));
      await fleet.device.restoreNetwork();
      await observer.allRunning(commit, observer.wanted());
      expect(await containers()).toBe(before);
    },
    LIMIT_MS,
  );
});

describe("a NATS that begins empty", () => {
  test(
    "after a commit that it never heard of: what git wants runs on, and what git no longer wants is stopped",
    async () => {
      const [hello] = await containersOf("hello");
      await fleet.nats.stop();
      write({ new: null });
      const commit = await fleet.repository.commit("No new any more, while NATS is away");
      await fleet.nats.wipe();
      await observer.allRunning(commit, observer.wanted());
      await until("new is gone", async () => (await containersOf("new")).length === 0, { limitMs: 60_000 });
      expect(await containersOf("hello")).toEqual([hello]);
    },
    LIMIT_MS,
  );
});

async function containersOf(deployment: string): Promise<string[]> {
  return (await containers()).split("\n").filter((line) => line.startsWith(`${deployment}_`));
}

/** Applied and nothing under way, in what NATS holds now: while the observer is cut off, this throws and is asked again. */
function wasApplied(commit: string): boolean {
  const { record } = observer.status();
  return record?.applied === commit && record.applying === null;
}

function write(images: Readonly<Record<string, "web:1" | "web:2" | null>>): void {
  for (const [index, [name, image]] of Object.entries(images).entries()) {
    const text =
      image === null
        ? null
        : helloDeployment({ image: fleet.registry.ref(image), port: fleet.port + index }).replace(
            "name: hello",
            `name: ${name}`,
          );
    fleet.repository.write(`deployments/${name}.yaml`, text);
  }
}

async function commitAndConverge(message: string): Promise<void> {
  const commit = await fleet.repository.commit(message);
  await observer.allRunning(commit, observer.wanted());
}

async function copyStore(name: string): Promise<void> {
  await fleet.nats.stop();
  cpSync(fleet.nats.storeDir, join(fleet.folder, name), { recursive: true });
  await fleet.nats.start();
}

async function restoreStore(name: string): Promise<void> {
  await fleet.nats.stop();
  rmSync(fleet.nats.storeDir, { recursive: true });
  cpSync(join(fleet.folder, name), fleet.nats.storeDir, { recursive: true });
  await fleet.nats.start();
}

/** Every container, and since when it runs. */
async function containers(): Promise<string> {
  const ids = (await fleet.device.podman("ps", "--all", "--no-trunc", "--format", "{{.ID}}")).split("\n");
  const lines = await Promise.all(
    ids
      .filter((id) => id !== "")
      .map((id) =>
        fleet.device.podman("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}", id),
      ),
  );
  return lines.toSorted().join("\n");
}
