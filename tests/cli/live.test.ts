/** Commands that look at NATS: status, devices, forget, plan --live, explain --live, simulate, doctor. */
import { describe, expect, test } from "vitest";
import { until } from "#sandbox/until.ts";
import { testClient, testServer } from "#tests/support/nats-fixture.ts";
import { put, SMALL_FLEET, testFolder } from "./fleet-files.ts";
import { gitfleet, startGitfleet } from "./gitfleet.ts";
import { liveFleet, SCORE } from "./live-fleet.ts";

interface StatusJson {
  applied: string | null;
  refused: { reason: string } | null;
  devices: { known: number; offline: number; paused: number };
  deployments: Record<string, Record<string, unknown>>;
  troubled?: { failed: { device: string }[]; failed_total: number; pending_total: number };
}

describe("gitfleet status", () => {
  test("counts what devices say about the values that are wanted now", async () => {
    const fleet = await liveFleet();
    await fleet.record();
    for (const device of ["k-1", "k-2", "k-3", "k-4"]) await fleet.desire(device, "web");
    const digest = await fleet.desire("k-5", "web");
    for (const device of ["k-1", "k-2", "k-3"]) await fleet.heartbeat(device);
    await fleet.report("k-1", "web", { phase: "Running", digest });
    await fleet.report("k-2", "web", { phase: "Failed", digest, error: "pull registry.example/web:1: unauthorized" });
    await fleet.report("k-3", "web", { phase: "Running", digest: `sha256:${"0".repeat(64)}` });
    await fleet.report("k-4", "web", { phase: "Running" });
    await fleet.report("k-9", "web", { phase: "Failed", digest, error: "no longer matched" });
    const { code, stdout } = await gitfleet(["status", "--format", "json"], { env: fleet.env });
    expect(code).toBe(0);
    const status = JSON.parse(stdout) as StatusJson;
    expect(status.deployments["web"]).toEqual({
      matched: 5,
      succeeded: 2,
      failed: 1,
      pending: 2,
      offline: 2,
      paused: 0,
      unverified: 1,
      last_error: { device_id: "k-2", message: "pull registry.example/web:1: unauthorized", at: expect.any(String) },
    });
    expect(status).toMatchObject({ fleet: "shop-floor", branch: "main", refused: null });
  });

  test("shows people the counts, a bar, and the devices in trouble", async () => {
    const fleet = await liveFleet();
    await fleet.record();
    const digest = await fleet.desire("k-1", "web");
    await fleet.desire("k-2", "web");
    for (const device of ["k-1", "k-2"]) await fleet.heartbeat(device);
    await fleet.report("k-1", "web", { phase: "Running", digest });
    await fleet.report("k-2", "web", { phase: "Failed", digest, error: "port 80 is taken\u001b[2J" });
    const { code, stdout } = await gitfleet(["status", "web"], { env: fleet.env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^fleet +shop-floor, branch main$/m);
    expect(stdout).toMatch(/^applied +1234567890, \d+ s ago \(in step with the branch\)$/m);
    expect(stdout).toMatch(/^web +2 +1 +0 +1 +0 +█{10}▒{10} +50% +k-2: port 80 is taken/m);
    expect(stdout).toMatch(/failed: 1\n {2}k-2 +port 80 is taken/);
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    ["invalid", "refused", "gitfleet validate"],
    ["held", "held", "Gitfleet-Allow-Prune: true"],
  ])("says of a commit that is %s why, and what to do", async (reason, word, next) => {
    const fleet = await liveFleet();
    const refused = { commit: "f".repeat(40), reason, message: "because of this", problems: 1, removes: 60, of: 100 };
    await fleet.record({ head: "f".repeat(40), refused });
    const { stdout } = await gitfleet(["status"], { env: fleet.env });
    expect(stdout).toMatch(new RegExp(`^${word} +ffffffffff: because of this$`, "m"));
    expect(stdout).toMatch(new RegExp(`^next .*${next}`, "m"));
  });

  test("ends with 1 for a deployment that is on no device, with what was probably meant", async () => {
    const fleet = await liveFleet();
    await fleet.desire("k-1", "website");
    const { code, stdout, stderr } = await gitfleet(["status", "webside"], { env: fleet.env });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Did you mean website?");
  });

  test("ends with 3 where the buckets are missing, saying who makes them", async () => {
    const server = await testServer();
    const { code, stdout, stderr } = await gitfleet(["status", "--nats", server.url]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/has no bucket .*desired-state/);
    expect(stderr).toContain("The reconciler creates the buckets");
  });

  test("watches: a line for each change where stdout is no terminal, until it is interrupted", async () => {
    const fleet = await liveFleet();
    await fleet.record();
    const digest = await fleet.desire("k-1", "web");
    await fleet.heartbeat("k-1");
    const watch = startGitfleet(["status", "--watch"], { env: fleet.env });
    await until("the first picture", () => watch.stdout().includes("deployment web running=0/1 pending=1"));
    await fleet.report("k-1", "web", { phase: "Running", digest });
    await until("the change", () => watch.stdout().includes("deployment web running=1/1 pending=0 failed=0 offline=0"));
    await fleet.client.mark("desired-state", "k-1.web", "DEL");
    await until("the end of the deployment", () => watch.stdout().includes("deployment web gone"));
    const { code, stderr } = await watch.interrupt();
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("watches through a restart of the server", async () => {
    const fleet = await liveFleet();
    await fleet.record();
    const digest = await fleet.desire("k-1", "web");
    await fleet.heartbeat("k-1");
    const watch = startGitfleet(["status", "--watch", "--format", "json"], { env: fleet.env });
    await until("the first picture", () => watch.stdout().includes('"matched":1'));
    await fleet.server.kill();
    await until("the loss is said", () => watch.stderr().includes("not live"));
    await fleet.server.start();
    await fleet.report("k-1", "web", { phase: "Running", digest });
    await until("the change after it", () => watch.stdout().includes('"succeeded":1'));
    expect((await watch.interrupt()).code).toBe(0);
  });
});

describe("gitfleet devices", () => {
  test("tells declared from undeclared, online from offline, and who is paused", async () => {
    const fleet = await liveFleet();
    await fleet.record({ paused_devices: ["kiosk-0002"] });
    await fleet.desire("kiosk-0001", "web");
    await fleet.info("kiosk-0001", { role: "kiosk" });
    await fleet.heartbeat("kiosk-0001");
    await fleet.info("stranger");
    await fleet.desire("kiosk-0002", "web");
    const folder = testFolder(SMALL_FLEET);
    const { code, stdout } = await gitfleet(["devices", folder, "--format", "json"], { env: fleet.env });
    expect(code).toBe(0);
    const { counts, devices } = JSON.parse(stdout) as { counts: object; devices: { device: string }[] };
    expect(counts).toEqual({ devices: 4, undeclared: 1, offline: 3, paused: 1, two_agents: 0 });
    expect(devices.map(({ device }) => device)).toEqual(["kiosk-0001", "kiosk-0002", "stranger", "till-0001"]);
    expect(devices[0]).toMatchObject({
      declared: true,
      offline: false,
      paused: false,
      deployments: 1,
      hostname: "host-kiosk-0001",
      labels: { role: "kiosk" },
    });
    expect(devices[1]).toMatchObject({ paused: true, last_heartbeat_at: null });
    expect(devices[2]).toMatchObject({ declared: false, offline: true });
    expect(devices[3]).toMatchObject({ declared: true, offline: true, last_heartbeat_at: null });
  });

  test("is a table for people, and does not guess what is declared outside of a repository", async () => {
    const fleet = await liveFleet();
    await fleet.heartbeat("kiosk-0001");
    const { code, stdout } = await gitfleet(["devices"], { env: fleet.env, cwd: testFolder() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^DEVICE +HEARTBEAT +DECLARED/);
    expect(stdout).toMatch(/^kiosk-0001 +\d+ s ago +\? +0/m);
  });

  test("finds two agents with one id when it may observe them", async () => {
    const fleet = await liveFleet();
    const observing = startGitfleet(["devices", "--observe", "1s", "--format", "json"], {
      env: fleet.env,
      cwd: testFolder(),
    });
    await until("it observes", () => observing.stderr().includes("watching heartbeats"));
    await fleet.heartbeat("kiosk-0002");
    const over = observing.ended.then(() => true);
    const beat = (): Promise<boolean> => fleet.heartbeat("kiosk-0001").then(() => false);
    // The bucket keeps one of each: a reader who is late for some of them still meets enough.
    while (!(await Promise.race([over, beat()])));
    const { code, stdout } = await observing.ended;
    expect(code).toBe(0);
    const { devices } = JSON.parse(stdout) as { devices: { device: string; two_agents: string | null }[] };
    expect(devices.map(({ two_agents: twins }) => twins)).toEqual([expect.stringContaining("two have this id"), null]);
  });
});

describe("gitfleet forget", () => {
  test("removes everything that a retired device left, markers included, and nothing else", async () => {
    const fleet = await liveFleet();
    for (const device of ["old", "older"]) {
      await fleet.info(device);
      await fleet.report(device, "web", { phase: "Running" });
    }
    await fleet.client.mark("desired-state", "old.web", "DEL");
    const { code, stdout } = await gitfleet(["forget", "old"], { env: fleet.env });
    expect([code, stdout]).toEqual([0, "forgot old: device-info, state and 1 old marker\n"]);
    const counts = await Promise.all(
      ["desired-state", "device-state", "device-info"].map(async (bucket) => {
        const { state } = (await fleet.client.api(`STREAM.INFO.KV_${bucket}`)) as { state: { messages: number } };
        return state.messages;
      }),
    );
    expect(counts).toEqual([0, 1, 1]);
    expect([...(await fleet.client.contents("device-state")).keys()]).toEqual(["state.older.web"]);
  });

  test("refuses a device that is online or has something to run, and goes ahead by --force", async () => {
    const fleet = await liveFleet();
    await fleet.heartbeat("alive");
    const online = await gitfleet(["forget", "alive"], { env: fleet.env });
    expect([online.code, online.stdout]).toEqual([1, ""]);
    expect(online.stderr).toContain("Stop its agent first");
    await fleet.desire("busy", "web");
    await fleet.info("busy");
    const busy = await gitfleet(["forget", "busy"], { env: fleet.env });
    expect([busy.code, busy.stderr]).toEqual([
      1,
      expect.stringContaining("1 deployment should still run on busy (web)"),
    ]);
    expect((await gitfleet(["forget", "busy", "--force"], { env: fleet.env })).stdout).toBe(
      "forgot busy: device-info\n",
    );
    expect((await fleet.client.contents("desired-state")).get("busy.web")).toBe(SCORE);
    expect((await gitfleet(["forget", "alive", "--force"], { env: fleet.env })).code).toBe(0);
  });

  test("ends with 1 where NATS has nothing of the device", async () => {
    const fleet = await liveFleet();
    const { code, stderr } = await gitfleet(["forget", "nobody"], { env: fleet.env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('nothing of a device "nobody"')]);
  });
});

describe("what NATS holds now", () => {
  test("is where plan --live begins", async () => {
    const fleet = await liveFleet();
    const folder = testFolder(SMALL_FLEET);
    const rendered = await gitfleet(["render", folder]);
    for (const line of rendered.stdout.trimEnd().split("\n").slice(0, 1)) {
      const { key, value } = JSON.parse(line) as { key: string; value: object };
      await fleet.client.put("desired-state", key, line.slice(line.indexOf('"value":') + 8, -1));
      expect([key, value]).toEqual(["kiosk-0001.web", expect.any(Object)]);
    }
    await fleet.desire("kiosk-0009", "web");
    const { code, stdout } = await gitfleet(["plan", folder, "--live", "--format", "json", "--exit-code"], {
      env: fleet.env,
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      base: null,
      head: null,
      changes: [
        { device: "kiosk-0002", deployment: "web", action: "add" },
        { device: "kiosk-0009", deployment: "web", action: "remove" },
      ],
    });
  });

  test("counts for plan --live and explain --live in a fleet that admits devices which report", async () => {
    const fleet = await liveFleet();
    await fleet.info("kiosk-0100", { role: "kiosk" });
    const folder = testFolder(SMALL_FLEET);
    put(
      folder,
      "fleet.yaml",
      "apiVersion: gitfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: open}\nspec: {devices: {admission: reported, reportedLabels: [role]}}\n",
    );
    const offline = await gitfleet(["plan", folder, "--format", "json"]);
    expect(offline.stdout).not.toContain("kiosk-0100");
    const live = await gitfleet(["plan", folder, "--live", "--format", "json"], { env: fleet.env });
    expect(live.stdout).toContain('{"device":"kiosk-0100","deployment":"web","action":"add"}');
    const explained = await gitfleet(["explain", "kiosk-0100", folder, "--live"], { env: fleet.env });
    expect([explained.code, explained.stdout]).toEqual([0, expect.stringContaining("web")]);
  });
});

describe("gitfleet simulate", () => {
  test("answers like agents: info, heartbeat, Pending, Running, and the state goes after a delete marker", async () => {
    const server = await testServer();
    const env = { GITFLEET_NATS: server.url };
    const client = await testClient(server.url);
    const args = ["simulate", "--devices", "2", "--label", "role=kiosk", "--delay", "100ms"];
    const simulation = startGitfleet(args, { env });
    const contents = (bucket: string): Promise<Map<string, string>> => client.contents(bucket);
    await until("the devices are there", async () => (await contents("device-heartbeat")).size === 2);
    const info = (await contents("device-info")).get("info.sim-0001") ?? "";
    expect(JSON.parse(info)).toMatchObject({ device_id: "sim-0001", labels: { role: "kiosk" } });
    await client.put("desired-state", "sim-0001.web", SCORE);
    await client.put("desired-state", "other.web", SCORE);
    const state = await until("it runs", async () => {
      const text = (await contents("device-state")).get("state.sim-0001.web");
      return text !== undefined && text.includes('"Running"') && text;
    });
    expect(JSON.parse(state)).toMatchObject({
      device_id: "sim-0001",
      deployment: "web",
      last_error: null,
      desired_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    await client.mark("desired-state", "sim-0001.web", "DEL");
    await until("its state is gone", async () => (await contents("device-state")).size === 0);
    const { code, stdout } = await simulation.interrupt();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^simulated 2 devices: \d+ messages sent; 0 running, 0 pending, 0 failed\n/);
    expect(stdout).toMatch(/^ {2}states written: \d+ Pending, 1 Running, 0 Failed, 1 taken back; /m);
    expect(stdout).toMatch(/^ {4}to Running or Failed \(1\): p50 \d+ ms, p90 \d+ ms, p99 \d+ ms, max \d+ ms$/m);
  });

  test("ends by itself when all is settled, with what it was as one object", async () => {
    const fleet = await liveFleet();
    for (let device = 1; device <= 20; device += 1) await fleet.desire(`sim-${String(device).padStart(4, "0")}`, "web");
    const args = ["simulate", "--devices", "20", "--connections", "4", "--delay", "50ms", "--fail-percent", "50"];
    const end = ["--until-settled", "--format", "json"];
    const { code, stdout, stderr } = await gitfleet([...args, ...end], { env: fleet.env });
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as { phases: Record<string, number>; states_written: Record<string, number> };
    expect(summary).toMatchObject({ devices: 20, connections: 4, wanted: 20, settled: 20, commits: [] });
    const { Running = 0, Failed = 0 } = summary.phases;
    expect(Running + Failed).toBe(20);
    expect(Failed).toBeGreaterThan(3);
    expect(summary.states_written["Failed"]).toBe(Failed);
    expect(stderr).not.toContain("\u001b");
  });

  test("ends after its time also where nothing is to do", async () => {
    const server = await testServer();
    const args = ["simulate", "--devices", "1", "--duration", "300ms"];
    const { code, stdout } = await gitfleet(args, { env: { GITFLEET_NATS: server.url } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^simulated 1 devices: /);
  });

  test("simulates what a repository declares, but not the devices that are real", async () => {
    const fleet = await liveFleet();
    const folder = testFolder(SMALL_FLEET);
    const simulation = startGitfleet(["simulate", "--from", folder, "--except", "kiosk-0001"], { env: fleet.env });
    const known = async (): Promise<string[]> => [...(await fleet.client.contents("device-info")).keys()].toSorted();
    await until("both are there", async () => (await known()).length === 2);
    expect(await known()).toEqual(["info.kiosk-0002", "info.till-0001"]);
    expect((await simulation.interrupt()).code).toBe(0);
  });
});

describe("Ctrl-C while NATS does not answer", () => {
  test("ends a simulation as it ends one that runs", async () => {
    const simulation = startGitfleet(["simulate", "--devices", "1", "--nats", "nats://127.0.0.1:1"]);
    await until("it looks for NATS", () => simulation.stderr().includes("cannot reach NATS yet"));
    const { code, stderr } = await simulation.interrupt();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("gitfleet:") });
  });
});

describe("gitfleet doctor", () => {
  test("finds a NATS that is there, and what a bucket has otherwise", async () => {
    const fleet = await liveFleet();
    const { config } = (await fleet.client.api("STREAM.INFO.KV_device-state")) as { config: object };
    await fleet.client.api("STREAM.UPDATE.KV_device-state", { ...config, max_msg_size: 4_096 });
    const { code, stdout } = await gitfleet(["doctor"], { env: fleet.env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ +node +24\./m);
    expect(stdout).toMatch(/^✓ +nats +nats:\/\/127\.0\.0\.1:\d+ answers in /m);
    expect(stdout).toMatch(/^! +buckets +device-state: max_msg_size is 4096, not 16384$/m);
  });

  test("ends with 1 and says what to do where NATS is not there", async () => {
    const { code, stdout } = await gitfleet(["doctor", "--nats", "nats://127.0.0.1:1"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ +nats +.*127\.0\.0\.1:1.*\n +→ start nats-server -js/m);
  });
});
