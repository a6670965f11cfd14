/** The whole loop with real git, NATS and podman, every program a process: what must stay true whatever happens. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FleetObserver } from "#cli/demo/observer.ts";
import { connect } from "#cli/nats-session.ts";
import type { NatsLink } from "#nats/link.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { streamInfo } from "#nats/stream-info.ts";
import type { BucketName } from "#schema/keys.ts";
import { helloDeployment, REAL_DEVICE } from "#sandbox/fleet-repository.ts";
import { startLocalFleet, UndoStack, type LocalFleet } from "#sandbox/local-fleet.ts";

const BIN = resolve(import.meta.dirname, "../../bin/gitfleet");
const HELLO = "deployments/hello.yaml";
const LIMIT_MS = 180_000;
/** On a quiet line a device learns of a lost bucket only when two of its feed's heartbeats, a minute apart, stay out. */
const NOTICED_WITHIN_MS = 150_000;
const undo = new UndoStack();
let fleet: LocalFleet;
let observer: FleetObserver;
let link: NatsLink;

beforeAll(async () => {
  const { signal } = new AbortController();
  fleet = await startLocalFleet({ undo });
  observer = await FleetObserver.open(fleet, signal);
  undo.add("observer", async () => await observer.close());
  link = await connect(natsOptionsSchema.parse({ servers: [fleet.nats.url] }), signal);
  undo.add("link", async () => await link.close());
  fleet.repository.write(HELLO, helloDeployment({ image: fleet.registry.ref("web:1"), port: fleet.port }));
  await commitAndConverge("Run hello");
}, LIMIT_MS);

afterAll(async () => {
  const failures = await undo.run();
  if (failures.length > 0) throw new Error(failures.join("; "));
}, LIMIT_MS);

async function commitAndConverge(message: string): Promise<string> {
  const commit = await fleet.repository.commit(message);
  await observer.allRunning(commit, observer.wanted());
  return commit;
}

/** Which container runs, and since when: equal means that nothing was restarted. */
async function running(): Promise<string> {
  const [id = "none", ...more] = await observer.containers();
  expect(more).toEqual([]);
  return await fleet.device.podman("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}", id);
}

async function messagesIn(bucket: BucketName): Promise<number> {
  const info = await streamInfo(link, bucket);
  if (info === null) throw new Error(`there is no bucket ${bucket}`);
  return info.state.last_seq;
}

async function deleteBucket(bucket: BucketName): Promise<void> {
  const manager = await jetstreamManager(link.connection);
  await manager.streams.delete(link.streamOf(bucket));
}

/** The container that never stopped, and what it answers. */
async function serving(): Promise<{ container: string; page: string | null }> {
  return { container: await running(), page: await observer.page() };
}

describe("a fleet in motion", () => {
  test("a commit that changes nothing for any device writes no message and restarts nothing", async () => {
    const container = await running();
    const messages = await messagesIn("desired-state");
    fleet.repository.write("README.md", "# Nothing that a device would know of\n");
    await commitAndConverge("Tell more in the README");
    expect(await messagesIn("desired-state")).toBe(messages);
    expect(await serving()).toEqual({ container, page: "web:1" });
  });

  test("an invalid commit changes nothing, and the status says why; the next valid one is applied", async () => {
    const container = await running();
    const before = observer.wanted();
    const messages = await messagesIn("desired-state");
    fleet.repository.write("deployments/broken.yaml", "kind: Deploymint\n");
    const commit = await fleet.repository.commit("Break it");
    const refused = await observer.wait("the commit is refused", () => {
      const refusal = observer.status().record?.refused;
      return refusal?.commit === commit ? refusal : null;
    });
    expect(refused.reason).toBe("invalid");
    expect(refused.problems).toBeGreaterThan(0);
    observer.assertAllRunning(before);
    expect(await messagesIn("desired-state")).toBe(messages);
    fleet.repository.write("deployments/broken.yaml", null);
    await commitAndConverge("Mend it");
    expect(observer.status().record?.refused).toBeNull();
    expect(await serving()).toEqual({ container, page: "web:1" });
  });

  test.each<BucketName>(["desired-state", "device-state", "fleet"])(
    "the bucket %s deleted under running programs is rebuilt, and no container restarts",
    async (bucket) => {
      const container = await running();
      const commit = await fleet.repository.git("rev-parse", "HEAD");
      await deleteBucket(bucket);
      await observer.wait("the bucket is back", async () => (await streamInfo(link, bucket)) !== null);
      await observer.wait("its keys are back", async () => await hasItsKeys(bucket), NOTICED_WITHIN_MS);
      await observer.allRunning(commit, observer.wanted());
      expect(await serving()).toEqual({ container, page: "web:1" });
    },
    LIMIT_MS,
  );

  test(
    "all that NATS stored is lost: everything is written again, and no container restarts",
    async () => {
      const container = await running();
      const commit = await fleet.repository.git("rev-parse", "HEAD");
      await fleet.nats.wipe();
      for (const bucket of ["desired-state", "device-state", "fleet"] as const) {
        await observer.wait(`the keys of ${bucket} are back`, async () => await hasItsKeys(bucket));
      }
      await observer.allRunning(commit, observer.wanted());
      expect(await serving()).toEqual({ container, page: "web:1" });
    },
    LIMIT_MS,
  );

  test(
    "reconciler and agent are killed and started again: they converge, and no container restarts",
    async () => {
      const container = await running();
      await Promise.all([fleet.reconciler.kill(), fleet.agent.kill()]);
      expect(await observer.page()).toBe("web:1");
      fleet.repository.write("devices/more.yaml", anotherKiosk);
      const commit = await fleet.repository.commit("One kiosk more, while nobody looks");
      fleet.reconciler.start();
      fleet.agent.start();
      await observer.wait("the new kiosk's key is written", async () =>
        observer.hasKey("desired-state", "kiosk-0999.kiosk"),
      );
      // The record follows the keys, and each bucket is told by a feed of its own.
      await observer.wait("the commit is applied, and the new kiosk pending", () => {
        const { record, deployments } = observer.status();
        const kiosk = deployments.find(({ deployment }) => deployment === "kiosk");
        return record?.applied === commit && kiosk?.aggregate.pending === 1;
      });
      expect(await serving()).toEqual({ container, page: "web:1" });
      fleet.repository.write("devices/more.yaml", null);
      await commitAndConverge("One kiosk less");
      expect(await serving()).toEqual({ container, page: "web:1" });
    },
    LIMIT_MS,
  );

  test("`gitfleet status` says in words what is true", async () => {
    const { stdout } = await promisify(execFile)(BIN, ["status", "--nats", fleet.nats.url]);
    const commit = await fleet.repository.git("rev-parse", "HEAD");
    expect(stdout).toContain(commit.slice(0, 7));
    for (const [deployment, count] of observer.wanted()) {
      expect(stdout).toMatch(new RegExp(`^\\s*${deployment}\\b.*\\b${count}\\b`, "m"));
    }
  });
});

const anotherKiosk = `apiVersion: gitfleet.dev/v1alpha1
kind: Device
metadata:
  name: kiosk-0999
  labels: {role: kiosk, site: berlin}
`;

const OWN_KEYS = {
  "desired-state": `${REAL_DEVICE}.hello`,
  "device-state": `state.${REAL_DEVICE}.hello`,
  "device-info": `info.${REAL_DEVICE}`,
  "device-heartbeat": `heartbeat.${REAL_DEVICE}`,
  fleet: "reconciler",
} as const satisfies Record<BucketName, string>;

async function hasItsKeys(bucket: BucketName): Promise<boolean> {
  return await observer.hasKey(bucket, OWN_KEYS[bucket]);
}
