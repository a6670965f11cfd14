/** An installed agent, run as its unit says: it works with the unit's rights, and stops without stopping a container. */
import type { ChildProcess } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "#sandbox/until.ts";
import { CLOUD_LOGIN, DEVICE, DEVICE_LOGIN, oneAccount } from "#tests/support/device-accounts.ts";
import { DeviceRoot } from "./device-root.ts";
import { Rig } from "./rig.ts";
import { refusedCalls, startUnit } from "./unit-process.ts";

const UNIT = "/etc/systemd/system/gitfleet-agent.service";
/** What the contract gives a program to end in. */
const STOP_WITHIN_MS = 10_000;

let rig: Rig;
let root: DeviceRoot;
let agent: ChildProcess | null = null;

beforeAll(async () => {
  root = new DeviceRoot({ systemd: true });
  rig = await Rig.start("service", { device: DEVICE, config: oneAccount(), cloud: CLOUD_LOGIN });
});

afterAll(async () => {
  if (agent !== null) await rig.kill(agent);
  await rig?.remove();
  root.remove();
});

function start(): ChildProcess {
  return startUnit(root, root.read(UNIT), rig.device.folder, rig.logPath);
}

function parentOf(pid: string): string {
  try {
    return /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

describe("an installed agent", () => {
  test("runs deployments with the settings and the rights of its unit", { timeout: 120_000 }, async () => {
    const nats = rig.nats.url.replace("//", `//${DEVICE_LOGIN.user}:${DEVICE_LOGIN.pass}@`);
    const settings = ["--device-id", DEVICE, "--nats", nats, "--nats-inbox-prefix", `_INBOX.${DEVICE}`];
    const installed = root.gitfleet("agent", "install", ...settings, "--stable-for", "1s", "--label", "role=kiosk");
    expect(installed).toMatchObject({ code: 0 });
    agent = start();
    const service = { name: "web", image: rig.registry.ref("web:1"), ports: ["8301:80"], stop_grace_seconds: 1 };
    await rig.rollOut("web", [service]);
    await rig.answers(8301, "web:1");
    // An upgrade looks closer at the device: who holds the ports, what listens.
    await rig.rollOut("web", [{ ...service, ports: ["8301:80", "83:80"] }]);
    await rig.answers(83, "web:1");
  });

  test("is the parent of no process: what podman starts for it is podman's", () => {
    const parents = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => parentOf(pid));
    expect(parents).toContain(String(process.pid));
    expect(parents).not.toContain(String(agent?.pid));
  });

  test("ends within 10 s of SIGTERM, and the containers run on", { timeout: 60_000 }, async () => {
    const before = (await rig.containers("web")).map(({ id, state }) => ({ id, state }));
    const stoppedAtMs = performance.now();
    expect(await rig.stop(agent!)).toBe(0);
    expect(performance.now() - stoppedAtMs).toBeLessThan(STOP_WITHIN_MS);
    agent = null;
    expect((await rig.containers("web")).map(({ id, state }) => ({ id, state }))).toEqual(before);
    await rig.answers(8301, "web:1");
  });

  test("made no system call that its unit refuses", async () => {
    await until("the count is written", () => statSync(root.path("/var/cache/gitfleet/system-calls")).size > 0);
    expect(refusedCalls(root, root.read(UNIT))).toEqual([]);
    // Or this test could not tell.
    const narrower = root.read(UNIT).replace(/^SystemCallFilter=@.*$/m, "SystemCallFilter=@file-system");
    expect(refusedCalls(root, narrower)).toContain("mmap");
  });

  test("keeps what it must know after a power cut where only it may read", () => {
    const folder = root.path("/var/lib/gitfleet");
    expect((statSync(folder).mode & 0o777).toString(8)).toBe("700");
    expect(readdirSync(join(folder, DEVICE, "deployments"))).toHaveLength(1);
  });

  test("started again leaves alone what runs, and goes on", { timeout: 60_000 }, async () => {
    const before = await rig.containers("web");
    agent = start();
    await rig.rollOut("second", [{ name: "one", image: rig.registry.ref("web:2"), stop_grace_seconds: 1 }]);
    expect(await rig.containers("web")).toEqual(before);
    expect(await rig.stop(agent)).toBe(0);
    agent = null;
  });
});
