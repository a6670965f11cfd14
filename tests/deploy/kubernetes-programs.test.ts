/** deploy/kubernetes against the programs that it runs: their settings, their ports, what they answer, what they reach. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { parseArguments } from "#cli/parse-arguments.ts";
import { loadConfig } from "#runtime/config.ts";
import { startHealthServer } from "#runtime/health-server.ts";
import { parseListen } from "#runtime/listen-address.ts";
import { settingsOf } from "#runtime/settings.ts";
import { findNatsServer } from "#sandbox/find-nats-server.ts";
import { freePort } from "#sandbox/free-port.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import type { KubernetesObject } from "./kubectl.ts";
import { VARIANTS } from "./variants.ts";
import { flowsOf } from "./network-flows.ts";
import { configMaps, environmentOf, services, workloads, type Workload } from "./workloads.ts";

/** The objects of an overlay, by its name. */
const made = Object.fromEntries(VARIANTS.map(({ name, objects }) => [name, objects]));

const PROGRAMS = ["trial", "production"].flatMap((overlay) =>
  ["reconciler", "status-bot"].map((program) => ({ overlay, program })),
);

/** The settings that a pod's command line and environment give, by the program's own parser. */
async function settingsIn(workload: Workload, objects: readonly KubernetesObject[]) {
  const [name = "", ...words] = workload.container.args ?? [];
  const entry = COMMANDS.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`gitfleet has no command ${name}`);
  const { command } = await entry.load();
  const settings = settingsOf(command.settings);
  const env = environmentOf(workload.container, objects);
  const { flags } = parseArguments(words, settings, command.arguments);
  const given = await loadConfig(command.settings, { flags, env, file: null });
  const defaults = await loadConfig(command.settings, { flags: new Map(), env: { GITFLEET_REPO: "x" }, file: null });
  return { settings, env, given, defaults } as {
    settings: typeof settings;
    env: typeof env;
    given: { listen: string; repo: string; nats: { servers: string[] } };
    defaults: { listen: string };
  };
}

function workloadOf(overlay: string, program: string): { workload: Workload; objects: readonly KubernetesObject[] } {
  const objects = made[overlay] ?? [];
  const workload = workloads(objects).find(({ name }) => name === program);
  if (workload === undefined) throw new Error(`${overlay} has no ${program}`);
  return { workload, objects };
}

describe.each(PROGRAMS)("$program in $overlay", ({ overlay, program }) => {
  test("understands its command line and every variable of its environment", async () => {
    const { workload, objects } = workloadOf(overlay, program);
    const { settings, env } = await settingsIn(workload, objects);
    const own = (workload.container.env ?? []).map(({ name }) => name);
    expect(settings.map((setting) => setting.env)).toEqual(expect.arrayContaining(own));
    // The ConfigMap is shared: each variable is for one of the two at least.
    const commands = await Promise.all(
      COMMANDS.filter(({ name }) => ["reconciler", "status-bot"].includes(name)).map(async ({ load }) => await load()),
    );
    const known = commands.flatMap(({ command }) => settingsOf(command.settings).map((setting) => setting.env));
    expect(known).toEqual(expect.arrayContaining(Object.keys(env)));
  });

  test("listens, on every address, at the port that it has by default and that the pod opens", async () => {
    const { workload, objects } = workloadOf(overlay, program);
    const { given, defaults } = await settingsIn(workload, objects);
    const [port, ...others] = workload.container.ports ?? [];
    expect(others).toEqual([]);
    expect(parseListen(given.listen)).toEqual({ host: undefined, port: port?.containerPort });
    expect(parseListen(given.listen).port).toBe(parseListen(defaults.listen).port);
    const service = services(objects).find(({ metadata }) => metadata?.name === program);
    expect(service?.spec?.ports).toEqual([{ name: "http", port: port?.containerPort, targetPort: "http" }]);
  });

  test("answers where its probes ask", async () => {
    const { container } = workloadOf(overlay, program).workload;
    const check = () => ({ ok: true });
    const server = await startHealthServer({ listen: ":0", health: check, ready: check, metrics: async () => "" });
    onTestFinished(() => server.close());
    for (const probe of [container.livenessProbe, container.readinessProbe]) {
      expect(probe?.httpGet?.port).toBe("http");
      const answer = await fetch(`http://127.0.0.1:${server.port}${probe?.httpGet?.path}`);
      expect(answer.status).toBe(200);
    }
    expect(container.livenessProbe?.httpGet?.path).toBe("/healthz");
    expect(container.readinessProbe?.httpGet?.path).toBe("/readyz");
  });

  test("may reach the addresses that its settings name", async () => {
    const { workload, objects } = workloadOf(overlay, program);
    const { given } = await settingsIn(workload, objects);
    const ports = flowsOf(objects)
      .filter(({ direction, pods }) => direction === "out" && pods.includes(program))
      .flatMap((flow) => flow.ports);
    expect(new URL(given.repo).protocol).toBe("https:");
    expect(ports).toContain("443/TCP");
    for (const server of given.nats.servers) expect(ports).toContain(`${new URL(server).port}/TCP`);
  });
});

test("each flow through the network has a policy of its own, and there is no other", () => {
  const text = flowsOf(made["trial"] ?? []).map(
    ({ policy, direction, pods, peers, ports }) =>
      `${policy}: ${direction} ${pods.join(" and ")}, ${peers}, ${ports.join(" ")}`,
  );
  expect(text.toSorted()).toEqual([
    "forge-api-over-https: out status-bot, anywhere, 443/TCP",
    "git-over-https: out reconciler and status-bot, anywhere, 443/TCP",
    "metrics-to-prometheus: in reconciler and status-bot, namespace monitoring, http/TCP",
    "names-from-dns: out reconciler and status-bot, namespace kube-system, 53/UDP 53/TCP",
    "nats-from-gitfleet: in nats, reconciler and status-bot, nats/TCP",
    "nats: out reconciler and status-bot, anywhere, 4222/TCP",
    "webhooks-from-ingress: in reconciler and status-bot, namespace ingress-nginx, http/TCP",
  ]);
});

test("the NATS of the trial is the one that its programs are told", async () => {
  const { workload, objects } = workloadOf("trial", "reconciler");
  const { given } = await settingsIn(workload, objects);
  const addresses = services(objects).flatMap(({ metadata, spec }) =>
    (spec?.ports ?? []).map(({ port }) => `nats://${metadata?.name}:${port}`),
  );
  expect(addresses).toEqual(expect.arrayContaining(given.nats.servers));
});

test("the configuration of the trial's NATS is accepted by a server, which then says that it is well", async () => {
  const { workload, objects } = workloadOf("trial", "nats");
  const config = configMaps(objects).find(({ metadata }) => metadata?.name?.startsWith("nats-"))?.data?.["nats.conf"];
  const scratch = scratchFolder("trial-nats");
  onTestFinished(() => scratch.remove());
  const file = join(scratch.path, "nats.conf");
  const [nats, monitor] = (workload.container.ports ?? []).map(({ containerPort }) => containerPort);
  expect(config).toMatch(new RegExp(`^listen: 0\\.0\\.0\\.0:${nats}$`, "m"));
  expect(config).toMatch(new RegExp(`^http: 0\\.0\\.0\\.0:${monitor}$`, "m"));
  expect(workload.container.volumeMounts?.map(({ mountPath }) => mountPath)).toContain("/data");
  // The same file but for the addresses and the folder, which are another's on this machine.
  const ports = [await freePort(), await freePort()];
  const here = (config ?? "")
    .replace(`0.0.0.0:${nats}`, `127.0.0.1:${ports[0]}`)
    .replace(`0.0.0.0:${monitor}`, `127.0.0.1:${ports[1]}`)
    .replace("/data", scratch.path);
  writeFileSync(file, here);
  const server = spawn(findNatsServer(), ["--config", file], { stdio: "ignore" });
  onTestFinished(() => void server.kill("SIGKILL"));
  for (const probe of [workload.container.livenessProbe, workload.container.readinessProbe]) {
    expect(probe?.httpGet?.port).toBe("monitor");
    await until("it says that it is well", async () => {
      const answer = await fetch(`http://127.0.0.1:${ports[1]}${probe?.httpGet?.path}`).catch(() => null);
      return answer?.status === 200;
    });
  }
});
