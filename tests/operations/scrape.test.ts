/** What a Prometheus sees of each program: text it understands, with every metric that docs/metrics.md lists. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { METRICS as AGENT } from "#agent/metrics.ts";
import { METRICS as RECONCILER } from "#reconciler/metrics.ts";
import type { MetricDefinition } from "#runtime/metrics.ts";
import { PROCESS_METRICS } from "#runtime/process-metrics.ts";
import { freePort } from "#sandbox/free-port.ts";
import { GitRepository } from "#sandbox/git-repository.ts";
import { startGitfleet, type GitfleetProcess } from "#sandbox/gitfleet-process.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import { METRICS as STATUS_BOT } from "#status-bot/metrics.ts";
import { deployment, device } from "#tests/reconciler/fixture.ts";
import { promtool } from "#tests/support/promtool.ts";

const PROGRAMS = { reconciler: RECONCILER, "status-bot": STATUS_BOT, agent: AGENT } as const;
type Program = keyof typeof PROGRAMS;

let scratch: Scratch;
let server: NatsServer;
const processes: GitfleetProcess[] = [];
const ports = new Map<Program, number>();

beforeAll(async () => {
  scratch = scratchFolder("scrape");
  server = await startNatsServer();
  const repo = new GitRepository(join(scratch.path, "fleet"));
  repo.commit("a fleet", {
    "devices/k.yaml": device("kiosk-01"),
    "devices/l.yaml": device("kiosk-02"),
    "deployments/web.yaml": deployment("web"),
  });
  await start("reconciler", "--repo", repo.path);
  await start("status-bot", "--repo", repo.path);
  mkdirSync(join(scratch.path, "state"));
  const podman = join(scratch.path, "podman.sock");
  const folders = ["--state-dir", join(scratch.path, "state"), "--podman", podman];
  await start("agent", "--device-id", "kiosk-01", "--heartbeat-interval", "1s", ...folders);
});

afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await server.remove();
  scratch.remove();
});

describe.each(Object.keys(PROGRAMS) as Program[])("the /metrics of the %s", (program) => {
  test("pleases promtool: help, types, units and endings", async () => {
    await settled(program);
    expect(await promtool(["check", "metrics"], await scrape(program))).toEqual({ code: 0, output: "" });
  });

  test("tells every metric of its table and of the process, and no other", async () => {
    const text = await scrape(program);
    const told = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
    const table: readonly MetricDefinition[] = [...Object.values(PROGRAMS[program]), ...Object.values(PROCESS_METRICS)];
    expect(told.toSorted()).toEqual(table.map(({ name, kind }) => `${name} ${kind}`).toSorted());
  });
});

describe("what is told", () => {
  test("by the reconciler: the fleet is in step with head, and when that was last known", async () => {
    const value = await settled("reconciler");
    expect(value('gitfleet_reconciler_stance{stance="pursue"}')).toBe(1);
    expect(value("gitfleet_reconciler_is_writer")).toBe(1);
    expect(value("gitfleet_reconciler_desired_keys")).toBe(2);
    const now = Date.now() / 1_000;
    for (const name of ["last_successful_poll_timestamp_seconds", "applied_timestamp_seconds"]) {
      expect(value(`gitfleet_reconciler_${name}`)).toBeGreaterThan(now - 120);
      expect(value(`gitfleet_reconciler_${name}`)).toBeLessThan(now + 2);
    }
    expect(value('gitfleet_reconciler_dropped_payloads_total{bucket="device-info"}')).toBe(0);
  });

  test("by a reconciler that never reached NATS: no bucket is followed, and git was not asked", async () => {
    const [port, nowhere] = [await freePort(), await freePort()];
    const nats = ["--nats", `nats://127.0.0.1:${nowhere}`, "--listen", `127.0.0.1:${port}`];
    const args = ["reconciler", "--repo", join(scratch.path, "fleet"), ...nats];
    processes.push(startGitfleet({ name: "lonely", args, logFolder: scratch.path }));
    const text = await until("it answers", async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    expect(text).toContain('gitfleet_reconciler_bucket_synced{bucket="desired-state"} 0\n');
    expect(text).toContain("gitfleet_reconciler_polls_total 0\n");
    expect(await promtool(["check", "metrics"], text)).toEqual({ code: 0, output: "" });
  });

  test("by the status bot: devices by their standing in each deployment", async () => {
    const value = await settled("status-bot");
    expect(value("gitfleet_status_bot_devices")).toBe(2);
    expect(value("gitfleet_status_bot_devices_offline")).toBe(1);
    expect(value("gitfleet_status_bot_deployments")).toBe(1);
    expect(value('gitfleet_status_bot_deployment_devices{deployment="web",standing="pending"}')).toBe(2);
    expect(value('gitfleet_status_bot_deployment_devices{deployment="web",standing="offline"}')).toBe(1);
    expect(value('gitfleet_status_bot_troubled{place="git"}')).toBe(0);
    expect(value('gitfleet_status_bot_last_success_timestamp_seconds{effect="look"}')).toBeGreaterThan(1.7e9);
  });

  test("by the agent: NATS is there and podman is not", async () => {
    const value = await settled("agent");
    expect(value("gitfleet_agent_nats_connected")).toBe(1);
    expect(value("gitfleet_agent_podman_up")).toBe(0);
    expect(value("gitfleet_agent_id_conflict")).toBe(0);
    expect(value("gitfleet_agent_last_heartbeat_timestamp_seconds")).toBeGreaterThan(Date.now() / 1_000 - 120);
  });
});

/** What a program must have told before it is judged. */
const SETTLED: Record<Program, string> = {
  reconciler: "gitfleet_reconciler_in_step 1",
  "status-bot": "gitfleet_status_bot_devices_offline 1",
  agent: "gitfleet_agent_desired_state_followed 1",
};

async function settled(program: Program): Promise<(series: string) => number> {
  const text = await until(`${program} has settled`, async () => {
    const now = await scrape(program);
    const hasBeat = program !== "agent" || !now.includes("gitfleet_agent_last_heartbeat_timestamp_seconds 0\n");
    return now.includes(`${SETTLED[program]}\n`) && hasBeat ? now : null;
  });
  return (series) => {
    const line = text.split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1));
  };
}

async function scrape(program: Program): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${ports.get(program)}/metrics`);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return await answer.text();
}

async function start(program: Program, ...more: string[]): Promise<void> {
  const port = await freePort();
  ports.set(program, port);
  const args = [program, "--nats", server.url, "--listen", `127.0.0.1:${port}`, ...more];
  processes.push(startGitfleet({ name: program, args, logFolder: scratch.path }));
}
