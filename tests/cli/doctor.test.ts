/** `gitfleet doctor` on machines where something really is wrong. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { startPodmanDevice, type PodmanDevice } from "#sandbox/podman-device.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { DeviceRoot } from "#tests/agent/device-root.ts";
import { CLOUD_LOGIN, DEVICE, DEVICE_LOGIN, oneAccount, twoAccounts } from "#tests/support/device-accounts.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { gitfleet } from "./gitfleet.ts";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { level: string; name: string; found: string; todo: string[] }[];
}

async function doctor(...args: readonly string[]): Promise<Report & { code: number | null }> {
  const { code, stdout, stderr } = await gitfleet(["doctor", "--format", "json", ...args]);
  if (stdout === "") throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Report) };
}

/** `level: what was found`, of the checks of this name. */
function of({ checks }: Report, name: string): string[] {
  return checks.filter((check) => check.name === name).map(({ level, found }) => `${level}: ${found}`);
}

describe("a device's user on NATS", () => {
  async function fleet(config: string, { buckets = true } = {}) {
    const server = await testServer({ config });
    const login = (user: { user: string; pass: string }): string =>
      server.url.replace("//", `//${user.user}:${user.pass}@`);
    if (buckets) await ensureBuckets(await testLink({ servers: login(CLOUD_LOGIN) }), { replicas: 1 });
    const device = ["--device-id", DEVICE, "--nats", login(DEVICE_LOGIN), "--nats-inbox-prefix", `_INBOX.${DEVICE}`];
    return { server, device };
  }

  test("that may do what a device must is right, and trying it writes nothing", async () => {
    const { server, device } = await fleet(oneAccount());
    const report = await doctor(...device);
    expect(of(report, "nats rights")).toEqual([`ok: ${DEVICE} may do all that a device must`]);
    expect(of(report, "clock")).toEqual([expect.stringMatching(/^ok: within \d\.\d s of the NATS server$/)]);
    const client = await testClient(server.url, CLOUD_LOGIN);
    for (const bucket of ["device-state", "device-info", "device-heartbeat", "desired-state"])
      expect(await client.contents(bucket)).toEqual(new Map());
  });

  test("in an account of its own is right with the prefixes of that account, and not without", async () => {
    const { device } = await fleet(twoAccounts());
    const prefixes = ["--nats-api-prefix", "fleet.API", "--nats-deliver-prefix", `dlv.${DEVICE}`];
    expect(of(await doctor(...device, ...prefixes), "nats rights")).toEqual([
      `ok: ${DEVICE} may do all that a device must`,
    ]);
    const wrong = await doctor(...device);
    expect(wrong.code).toBe(1);
    expect(of(wrong, "nats rights").join("\n")).toContain(`fail: ${DEVICE} cannot follow its desired state: could not`);
  });

  test.each([
    [
      "heartbeats",
      `"$KV.device-heartbeat.heartbeat.${DEVICE}",`,
      "say that it is alive: could not write heartbeat.kiosk-1",
    ],
    ["states", `"$KV.device-state.state.${DEVICE}.>",`, "report states: could not write state.kiosk-1.gitfleet-doctor"],
    [
      "flow control",
      ', "$JS.FC.KV_desired-state.>"',
      "follow its desired state: could not follow desired-state: the NATS user may not publish to $JS.FC",
    ],
    ["its inbox", `"_INBOX.${DEVICE}.>"`, "follow its desired state"],
  ])("that lacks %s is told what it cannot do", async (_what, granted, words) => {
    const narrower = oneAccount().replace(granted, granted.startsWith('"_INBOX') ? '"_INBOX.other.>"' : "");
    expect(narrower).not.toBe(oneAccount());
    const { device } = await fleet(narrower);
    const report = await doctor(...device);
    expect(report.code).toBe(1);
    expect(of(report, "nats rights").join("\n")).toContain(`fail: ${DEVICE} cannot ${words}`);
  });

  test("that may also speak for others is pointed out", async () => {
    const server = await testServer();
    await ensureBuckets(await testLink({ servers: server.url }), { replicas: 1 });
    const report = await doctor("--device-id", "kiosk-1", "--nats", server.url);
    expect(of(report, "nats rights")).toContain("warn: this user may also speak for devices other than kiosk-1");
  });

  test("that finds no buckets yet is only warned: the reconciler makes them", async () => {
    const { device } = await fleet(oneAccount(), { buckets: false });
    const levels = (await doctor(...device)).checks
      .filter(({ name }) => name === "nats rights")
      .map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set(["warn"]));
  });

  test("that the server refuses is told to check its credentials", async () => {
    const { server } = await fleet(oneAccount());
    const report = await doctor("--device-id", DEVICE, "--nats", server.url.replace("//", `//${DEVICE}:wrong@`));
    expect(report.code).toBe(1);
    expect(of(report, "nats").join()).toMatch(/fail: .*refuses this user; check --nats-creds/);
  });
});

describe("podman", () => {
  let device: PodmanDevice;

  beforeAll(async () => {
    device = await startPodmanDevice({ name: "doctor", network: "own" });
  });

  afterAll(async () => {
    await device?.remove();
  });

  test("that answers shows its version, control groups and disk", async () => {
    const report = await doctor("--device-id", "k", "--podman", device.socketPath);
    expect(of(report, "podman socket")).toEqual([expect.stringMatching(/^ok: .* answers, version \d+\.\d+/)]);
    expect(of(report, "cgroups")).toEqual([expect.stringMatching(/^(?:ok|warn): v[12]/)]);
    expect(of(report, "disk").join("\n")).toMatch(/MB free for images and volumes \(.*\n.*MB free for state \(/);
  });

  test("that was killed is named with what starts it", async () => {
    await device.killApi();
    const report = await doctor("--device-id", "k", "--podman", device.socketPath);
    expect(report.code).toBe(1);
    const socket = report.checks.find(({ name }) => name === "podman socket");
    expect(socket).toMatchObject({
      level: "fail",
      found: expect.stringContaining("does not answer: connect ECONNREFUSED"),
    });
    expect(socket?.todo[0]).toContain("systemctl enable --now podman.socket");
  });

  test("that is not there fails a device, and is only a hint elsewhere", async () => {
    const nowhere = ["--podman", "/nowhere/podman.sock"];
    expect(of(await doctor(...nowhere, "--device-id", "k"), "podman socket")).toEqual([
      "fail: none at /nowhere/podman.sock",
    ]);
    expect(of(await doctor(...nowhere), "podman socket")).toEqual([
      "warn: none at /nowhere/podman.sock; only devices need it",
    ]);
  });
});

describe("this machine", () => {
  test("whose disk is full is told what to free", () => {
    const root = new DeviceRoot({ systemd: false });
    onTestFinished(() => root.remove());
    const small = "mkdir /var/lib/small && mount -t tmpfs -o size=4m small /var/lib/small";
    const { code, stdout } = root.gitfleetWith(
      small,
      "doctor",
      "--device-id",
      "k",
      "--state-dir",
      "/var/lib/small/state",
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ +disk +4 MB free for state \(\/var\/lib\/small\/state\)\n +→ free some, or move it/m);
  });

  test("that cannot resolve a name says which, and whose it is", async () => {
    const report = await doctor("--nats", "nats://nats.invalid:4222", "--registry", "registry.invalid");
    expect(report.code).toBe(1);
    expect(of(report, "dns")).toEqual([
      expect.stringMatching(/^fail: nats\.invalid \(NATS\) has no address/),
      expect.stringMatching(/^fail: registry\.invalid \(registry\) has no address/),
    ]);
  });

  test("whose clock differs from a web server's is told by how much", async () => {
    const server = createServer((_request, response) => {
      response
        .setHeader("date", new Date(Date.now() - 3_600_000).toUTCString())
        .writeHead(404)
        .end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fleet.git`;
    const report = await doctor("--nats", "nats://127.0.0.1:1", "--repo", url);
    expect(of(report, "clock")).toEqual([
      expect.stringMatching(/^fail: (?:3600|3599|3601)\.\d s ahead of 127\.0\.0\.1:\d+$/),
    ]);
    expect(of(report, "repository")).toEqual([expect.stringMatching(/^fail: .*404/)]);
  });

  test("that cannot read the repository says why", async () => {
    const report = await doctor("--repo", "/nowhere/fleet");
    expect(report.code).toBe(1);
    expect(of(report, "repository")).toEqual([expect.stringContaining("/nowhere/fleet")]);
  });

  test.each(["https://", "http://[::1"])(
    "that is told a repository at %s, which is no address, says so",
    async (repo) => {
      const report = await doctor("--nats", "nats://127.0.0.1:1", "--repo", repo);
      expect(report.code).toBe(1);
      expect(of(report, "repository")).toEqual(["fail: the repository's URL cannot be understood"]);
    },
  );

  test("with files that are not there says which, and does not ask for a server or for root instead", async () => {
    const report = await doctor("--config", "/nowhere.yaml", "--nats-creds", "/nowhere.creds");
    expect(of(report, "settings")).toEqual(["fail: there is no file /nowhere.yaml"]);
    expect(of(report, "nats")).toEqual([expect.stringMatching(/^fail: --nats-creds: cannot read \/nowhere\.creds/)]);
    expect(report.checks.find(({ name }) => name === "nats")?.todo.join()).toContain("mend that");
  });

  test("with an installed agent is looked at by the agent's settings", async () => {
    const folder = scratchFolder("doctor");
    onTestFinished(() => folder.remove());
    const config = join(folder.path, "agent.yaml");
    writeFileSync(config, "device-id: kiosk-0007\nnats: nats://127.0.0.1:1\npodman: /nowhere.sock\n");
    const report = await doctor("--config", config);
    expect(of(report, "settings")).toEqual([`ok: ${config}: device kiosk-0007`]);
    expect(of(report, "podman socket")).toEqual(["fail: none at /nowhere.sock"]);
    expect(of(report, "nats").join()).toContain("127.0.0.1:1");
    writeFileSync(config, "device-id: kiosk-0007\nnatz: nats://127.0.0.1:1\n");
    const broken = await doctor("--config", config);
    expect(of(broken, "settings")).toEqual([`fail: ${config}: there is no setting "natz"`]);
    expect(broken.checks.find(({ name }) => name === "settings")?.todo).toEqual(['Did you mean "nats"?']);
  });
});
