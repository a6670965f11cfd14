import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startGitServer, type GitFault } from "#sandbox/git-server.ts";
import { until } from "#sandbox/until.ts";
import { deployment, device, Fixture, kioskId, kiosks, type Reconciler } from "./fixture.ts";

const TOKEN = "s3cr3t-t0ken-of-the-test";

let fleet: Fixture;

beforeEach(async () => {
  fleet = await Fixture.start();
});

afterEach(async () => {
  await fleet.stop();
});

describe("drift", () => {
  test("changed, deleted and foreign keys are repaired within seconds and counted", async () => {
    const daemon = await running(kiosks(4));
    const bucket = await fleet.bucket("desired-state");
    await bucket.put("kiosk-01.web", "{}");
    await bucket.delete("kiosk-02.web");
    await bucket.put("kiosk-03.extra", "{}");
    await bucket.put("not-a-key", "{}");
    await bucket.purge("kiosk-04.web");
    await until("all is as it was", async () => {
      const stored = await fleet.stored("desired-state");
      const values = [...stored].filter(([, { operation }]) => operation === "PUT");
      return values.length === 4 && values.every(([, { text }]) => text.includes("web:1"));
    });
    const { text } = await daemon.get("/metrics");
    expect(text).toContain('gitfleet_reconciler_drift_total{kind="changed"} 1');
    expect(text).toContain('gitfleet_reconciler_drift_total{kind="deleted"} 2');
    expect(text).toContain('gitfleet_reconciler_drift_total{kind="foreign"} 2');
    expect(await daemon.stop()).toBe(0);
  });

  test("commits alone are not counted as drift", async () => {
    const daemon = await running(kiosks(6));
    const commit = fleet.repo.commit("more", { ...kiosks(9, "2"), "devices/kiosk-01.yaml": null });
    await fleet.applied(commit);
    const { text } = await daemon.get("/metrics");
    for (const kind of ["changed", "deleted", "foreign"]) expect(text).toContain(`drift_total{kind="${kind}"} 0`);
  });

  test("a record that is deleted or scribbled on is written again", async () => {
    const daemon = await running(kiosks(1));
    const record = await fleet.record();
    const bucket = await fleet.bucket("fleet");
    await bucket.delete("reconciler");
    const back = await until("the record is back", () => fleet.record());
    expect(back).toEqual(record);
    await bucket.put("reconciler", "not json");
    const text = await until("the record is back again", async () => {
      const now = (await fleet.stored("fleet")).get("reconciler")?.text ?? "not json";
      return now === "not json" ? null : now;
    });
    expect(JSON.parse(text)).toEqual(record);
    await daemon.stop();
  });

  test("deleted buckets are made again and filled, and nothing else is written", async () => {
    const daemon = await running(kiosks(3));
    const jsm = await fleet.manager();
    for (const bucket of ["desired-state", "fleet", "device-state"]) {
      await jsm.streams.delete(`KV_${bucket}`);
      await until(`${bucket} and all keys are back`, async () => {
        const there = await jsm.streams.info(`KV_${bucket}`).catch(() => null);
        return there !== null && (await fleet.keys()).length === 3 && (await fleet.record())?.applied !== undefined;
      });
    }
    expect((await fleet.markers()).length).toBe(0);
    await daemon.stop();
  });

  test("a NATS server that is restarted, and one that lost everything, end in the same keys", async () => {
    const daemon = await running(kiosks(3));
    await fleet.server.kill();
    const commit = fleet.repo.commit("meanwhile", kiosks(5));
    await fleet.server.start();
    await fleet.applied(commit);
    await fleet.server.wipe();
    await fleet.applied(commit);
    expect((await fleet.keys()).length).toBe(5);
    expect((await fleet.markers()).length).toBe(0);
    await daemon.stop();
  });
});

describe("a branch", () => {
  test("that is rewritten is followed, and one that is deleted changes nothing and still repairs", async () => {
    const daemon = await running({ ...kiosks(3), "deployments/api.yaml": deployment("api") });
    fleet.repo.git("commit", "-q", "--amend", "-m", "rewritten");
    const rewritten = fleet.repo.commit("and more", { "deployments/api.yaml": deployment("api", "2") });
    await fleet.applied(rewritten);
    fleet.repo.git("checkout", "-q", "--detach");
    fleet.repo.git("branch", "-D", "main");
    await until("it is told", async () => (await daemon.get("/healthz")).text.includes("has no branch main"));
    const before = await fleet.sequence();
    await (await fleet.bucket("desired-state")).delete("kiosk-01.web");
    await until("drift is repaired", async () => (await fleet.keys()).includes("kiosk-01.web"));
    expect((await fleet.keys()).length).toBe(6);
    expect(await fleet.sequence()).toBe(before + 2);
    fleet.repo.git("checkout", "-q", "-b", "main");
    await fleet.applied(fleet.repo.commit("back", kiosks(4)));
    await daemon.stop();
  });

  test("a fresh process on a deleted branch reads the applied commit by its id and repairs", async () => {
    fleet.repo.commit("first", kiosks(3));
    await fleet.once();
    fleet.repo.git("checkout", "-q", "--detach");
    fleet.repo.git("branch", "-D", "main");
    await (await fleet.bucket("desired-state")).delete("kiosk-02.web");
    const daemon = fleet.start();
    await until("drift is repaired", async () => (await fleet.keys()).length === 3);
    expect((await daemon.get("/healthz")).text).toContain("has no branch main");
    await daemon.stop();
  });

  test("rewritten so that the applied commit is gone: an invalid head writes nothing, and that is said", async () => {
    fleet.repo.commit("first", kiosks(3));
    await fleet.once();
    await (await fleet.bucket("desired-state")).delete("kiosk-02.web");
    const before = await fleet.sequence();
    fleet.repo.git("checkout", "-q", "--orphan", "fresh");
    const bad = fleet.repo.commit("bad", { "deployments/web.yaml": "kind: Nonsense" });
    fleet.repo.git("branch", "-M", "fresh", "main");
    fleet.repo.git("reflog", "expire", "--expire=now", "--all");
    fleet.repo.git("gc", "-q", "--prune=now");
    const daemon = fleet.start();
    expect((await fleet.refused(bad)).message).toContain("the applied commit cannot be had");
    expect((await daemon.get("/healthz")).text).toContain("the applied commit cannot be had");
    expect(await fleet.sequence()).toBe(before);
    await daemon.stop();
  });
});

describe("a git server", () => {
  const faults: GitFault[] = ["unauthorized", "truncate", "drop", "stall", "html", "server-error", "flip"];

  test("that fails in every way changes nothing, drift is repaired meanwhile, and the next commit goes ahead", async () => {
    await using git = await startGitServer({ root: fleet.scratch.path, token: TOKEN });
    const repo = `${git.url}/fleet/.git`;
    const first = fleet.repo.commit("first", kiosks(3));
    const daemon = fleet.start({ repo, gitToken: TOKEN, gitTimeout: "1s" });
    await fleet.applied(first);
    const bucket = await fleet.bucket("desired-state");
    let version = 1;
    for (const fault of faults) {
      version += 1;
      git.fault = fault;
      const asked = git.requests.length;
      const commit = fleet.repo.commit(fault, kiosks(3, String(version)));
      await until(`the server is asked under ${fault}`, () => git.requests.length > asked + 1);
      await bucket.delete("kiosk-01.web");
      await until("drift is repaired", async () => (await fleet.keys()).length === 3);
      expect((await fleet.stored("desired-state")).get("kiosk-01.web")?.text).toContain(`web:${version - 1}"`);
      git.fault = null;
      await daemon.get("/webhook", "POST");
      await fleet.applied(commit);
    }
    expect(daemon.log()).not.toContain(TOKEN);
    expect(daemon.log()).not.toContain(Buffer.from(TOKEN).toString("base64").slice(0, 20));
    await daemon.stop();
  });

  test("its token is in no log, on no disk and in no process list, wherever it came from", async () => {
    await using git = await startGitServer({ root: fleet.scratch.path, token: TOKEN });
    const commit = fleet.repo.commit("first", kiosks(1));
    const home = `${fleet.scratch.path}/tmp`;
    execFileSync("mkdir", ["-p", home]);
    const daemon = fleet.start({ repo: `${git.url.replace("//", `//${TOKEN}@`)}/fleet/.git` });
    await fleet.applied(commit);
    git.fault = "forbidden";
    await until("it is told", async () => (await daemon.get("/healthz")).text.includes("403"));
    const said = `${daemon.log()} ${(await daemon.get("/healthz")).text} ${(await daemon.get("/metrics")).text}`;
    expect(said).not.toContain(TOKEN);
    expect(openFilesBelow(daemon.pid)).toEqual([]);
    expect(JSON.stringify([...(await fleet.stored("fleet")).values()].map(({ text }) => text))).not.toContain(TOKEN);
    await daemon.stop();
  });

  test("POST /webhook asks for news at once, however long the poll interval", async () => {
    fleet.repo.commit("first", kiosks(1));
    const daemon = fleet.start({ pollInterval: "10m" });
    await fleet.applied(fleet.repo.git("rev-parse", "HEAD"));
    const commit = fleet.repo.commit("second", kiosks(2));
    expect((await daemon.get("/webhook", "POST")).status).toBe(202);
    await fleet.applied(commit);
    expect((await daemon.get("/readyz")).status).toBe(200);
    await daemon.stop();
  });
});

describe("two reconcilers", () => {
  test("one writes and the other stands by; it takes over when the first is killed, and no key flaps", async () => {
    const first = await running(kiosks(5));
    const second = fleet.start();
    await until("the second stands by", async () => (await second.get("/readyz")).status === 200);
    expect((await second.get("/healthz")).text).toContain('"role":"standby"');
    const before = await fleet.sequence();
    first.signal("SIGKILL");
    await first.exited;
    const commit = fleet.repo.commit("after", kiosks(6));
    await fleet.applied(commit);
    expect((await second.get("/healthz")).text).toContain('"role":"writer"');
    expect(await fleet.sequence()).toBe(before + 1);
    await second.stop();
  });

  test("one that was asked for news long ago does not go back to what it knew when it takes over", async () => {
    const first = await running(kiosks(3));
    const second = fleet.start({ pollInterval: "10m" });
    await until("the second stands by", async () => (await second.get("/readyz")).status === 200);
    const commit = fleet.repo.commit("newer", kiosks(4, "2"));
    await fleet.applied(commit);
    const before = await fleet.sequence();
    first.signal("SIGKILL");
    await until("the second writes", async () => (await second.get("/healthz")).text.includes('"role":"writer"'));
    await (await fleet.bucket("desired-state")).delete("kiosk-01.web");
    await until("the second repairs", async () => (await fleet.keys()).length === 4);
    expect(await fleet.sequence()).toBe(before + 2);
    expect((await fleet.record())?.applied).toBe(commit);
    await second.stop();
  });

  test("a frozen writer is replaced, and writes nothing more when it wakes up", async () => {
    const first = await running(kiosks(3));
    const second = fleet.start();
    await until("the second stands by", async () => (await second.get("/readyz")).status === 200);
    first.signal("SIGSTOP");
    const commit = fleet.repo.commit("after", kiosks(3, "2"));
    await fleet.applied(commit);
    const before = await fleet.sequence();
    fleet.repo.git("checkout", "-q", "--detach");
    first.signal("SIGCONT");
    await until("the first stands by", async () => (await first.get("/healthz")).text.includes('"role":"standby"'));
    await until("the first is in step", async () => (await first.get("/readyz")).status === 200);
    expect(await fleet.sequence()).toBe(before);
    await first.stop();
    await second.stop();
  });

  test("a clean stop hands over at once, long before the lease would have ended", async () => {
    const first = await running(kiosks(1), { lease: "30s" });
    const second = fleet.start({ lease: "30s" });
    await until("the second stands by", async () => (await second.get("/readyz")).status === 200);
    expect(await first.stop()).toBe(0);
    await until("the second writes", async () => (await second.get("/healthz")).text.includes('"role":"writer"'), {
      limitMs: 5_000,
    });
    await second.stop();
  });
});

describe("a process", () => {
  test("that is killed in the middle of its writes is followed by one that ends in the same keys", async () => {
    const [devices, deployments] = [40, 20];
    const files = (tag: string): Record<string, string> => {
      const names = Array.from({ length: deployments }, (_, at) => `app-${at}`);
      return Object.fromEntries(names.map((name) => [`deployments/${name}.yaml`, deployment(name, tag)]));
    };
    fleet.repo.commit("first", { ...kiosks(devices), "deployments/web.yaml": null, ...files("0") });
    await fleet.once();
    for (const [round, share] of [0, 0.01, 0.4, 1].entries()) {
      const removed = { [`devices/${kioskId(round + 1)}.yaml`]: null };
      const commit = fleet.repo.commit(`round ${round}`, { ...files(`r${round}`), ...removed });
      const before = await fleet.sequence();
      const daemon = fleet.start({ lease: "500ms" });
      await until("it pursues the commit", () => daemon.log().includes("pursuing a commit"));
      const enough = before + Math.floor(share * (devices - round) * deployments);
      await until("so much is written", async () => (await fleet.sequence()) >= enough);
      daemon.signal("SIGKILL");
      await daemon.exited;
      expect((await fleet.once({ lease: "500ms" })).code).toBe(0);
      expect((await fleet.record())?.applied).toBe(commit);
      const stored = await fleet.stored("desired-state");
      const values = [...stored.values()].filter(({ operation }) => operation === "PUT");
      expect(values.length).toBe((devices - round - 1) * deployments);
      expect(values.every(({ text }) => text.includes(`:r${round}"`))).toBe(true);
      // Nothing was written twice: one message for each value that changed and each that went.
      expect((await fleet.sequence()) - before).toBe((devices - round) * deployments);
    }
    // Nine processes, one after the other.
  }, 90_000);

  test("stops cleanly within ten seconds, also while NATS is frozen", async () => {
    const daemon = await running(kiosks(1));
    fleet.server.pause();
    const begun = performance.now();
    const code = await daemon.stop();
    fleet.server.resume();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(code).toBe(0);
  });

  test("frees a device from its pause by the removal of its file, and keys follow labels", async () => {
    const daemon = await running({
      ...kiosks(12),
      "devices/kiosk-01.yaml": device("kiosk-01", { role: "kiosk" }, "{paused: true}"),
    });
    await (await fleet.bucket("desired-state")).put("kiosk-01.web", "{}");
    const moved = fleet.repo.commit("move", {
      "devices/kiosk-01.yaml": null,
      "devices/kiosk-02.yaml": device("kiosk-02", { role: "spare" }),
    });
    await fleet.applied(moved);
    const keys = await fleet.keys();
    expect([keys.includes("kiosk-01.web"), keys.includes("kiosk-02.web"), keys.length]).toEqual([false, false, 10]);
    await daemon.stop();
  });
});

async function running(files: Record<string, string>, settings: Record<string, unknown> = {}): Promise<Reconciler> {
  const commit = fleet.repo.commit("first", files);
  const daemon = fleet.start(settings);
  await fleet.applied(commit);
  return daemon;
}

// Regular files that the process has open for writing, other than its own output.
function openFilesBelow(pid: number): string[] {
  const files = readdirSync(`/proc/${pid}/fd`);
  return files.flatMap((fd) => {
    try {
      const flags = execFileSync("grep", ["^flags:", `/proc/${pid}/fdinfo/${fd}`]).toString();
      const target = execFileSync("readlink", [`/proc/${pid}/fd/${fd}`])
        .toString()
        .trim();
      const writable = /[12]$/.test(flags.trim());
      return writable && target.startsWith("/") && !target.startsWith("/dev/") && Number(fd) > 2 ? [target] : [];
    } catch {
      return [];
    }
  });
}
