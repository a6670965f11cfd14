/** Versions that come and go on one device, with real podman and real NATS: what is served meanwhile, what is reported. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { agentLogs } from "#agent/logs-command.ts";
import { agentVolumes, pruneAgentVolumes, volumesText } from "#agent/volumes-command.ts";
import { until } from "#sandbox/until.ts";
import type { Service } from "#schema/score.ts";
import { Rig } from "./rig.ts";

let rig: Rig;
const secret = "gf-test-token-7d1f";

beforeAll(async () => {
  rig = await Rig.start("rollouts");
  writeFileSync(join(rig.scratch.path, "auth.json"), authFile());
  rig.startAgent({ env: { REGISTRY_AUTH_FILE: join(rig.scratch.path, "auth.json") } });
});

afterEach(async () => {
  // Each story ends with an empty device, so that a slow machine has only one story to carry.
  await rig.unwantAll();
});

afterAll(async () => {
  await rig?.remove();
});

function authFile(): string {
  const { user, password, authAddress } = rig.registry;
  return JSON.stringify({ auths: { [authAddress]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } });
}

function web(image: Parameters<Rig["registry"]["ref"]>[0], port: number, more: Partial<Service> = {}): Service {
  return { name: "web", image: rig.registry.ref(image), ports: [`${port}:80`], stop_grace_seconds: 2, ...more };
}

describe("a new version", { timeout: 90_000 }, () => {
  test("replaces the container, with a short interruption, and keeps what it stored", async () => {
    const stored = { volumes: [{ source: "data", target: "/data" }] };
    await rig.rollOut("upgrade", [web("web:1", 8001, stored)]);
    await rig.answers(8001, "web:1");
    const before = await rig.container("upgrade_web");
    await rig.device.podman("exec", "upgrade_web", "sh", "-c", "echo kept > /data/file");
    const probe = probeDowntime(8001);
    await rig.rollOut("upgrade", [web("web:2", 8001, stored)]);
    await rig.answers(8001, "web:2");
    const longestMs = await probe.stop();
    const after = await rig.containers("upgrade");
    expect(after.map(({ name, state }) => `${name} ${state}`)).toEqual(["upgrade_web running"]);
    expect(after[0]!.id).not.toBe(before.id);
    expect(await rig.device.podman("exec", "upgrade_web", "cat", "/data/file")).toBe("kept");
    // Measured 0.2 to 0.4 s on a quiet machine; a pull or a grace within the interruption would be seconds.
    expect(longestMs).toBeLessThan(4_000);
    expect(phases("upgrade")).toEqual(["Pending", "Running", "Pending", "Running"]);
  });

  test("that does not exist leaves the old container untouched and says which image and why", async () => {
    await rig.rollOut("typo", [web("web:1", 8002)]);
    const before = await rig.container("typo_web");
    const missing = `${rig.registry.address}/web:nope`;
    const state = await rig.rollOut("typo", [{ ...web("web:1", 8002), image: missing }], "Failed");
    expect(state.last_error).toContain(missing);
    expect(state.last_error).toMatch(/manifest unknown.*check the name/);
    expect(await rig.containers("typo")).toEqual([before]);
    expect(await rig.get(8002)).toBe("web:1\n");
  });

  test("that crashes is rolled back, with its last log line in the report", async () => {
    await rig.rollOut("crashing", [web("web:1", 8003)]);
    const before = await rig.container("crashing_web");
    const state = await rig.rollOut("crashing", [web("crash:1", 8003)], "Failed");
    expect(state.last_error).toMatch(/(?:exited with code 3|ended).*boom.*rolled back/);
    await rig.answers(8003, "web:1");
    expect(await rig.containers("crashing")).toEqual([before]);
  });

  test("that is unhealthy is rolled back; a healthy one is not", async () => {
    await rig.rollOut("health", [web("web:1", 8004)]);
    const state = await rig.rollOut("health", [web("sick:1", 8004)], "Failed");
    expect(state.last_error).toMatch(/unhealthy.*rolled back/);
    await rig.answers(8004, "web:1");
    await rig.rollOut("health", [web("well:1", 8004)]);
    await rig.answers(8004, "well:1");
  });

  test("that listens late is not taken for running before it answers", async () => {
    await rig.rollOut("late", [web("slow:1", 8005)]);
    expect(await rig.get(8005)).toBe("slow:1\n");
  });

  test("of a program that ignores SIGTERM waits for its grace and no longer", async () => {
    await rig.rollOut("stuck", [web("stuck:1", 8006, { stop_grace_seconds: 2 })]);
    const startedMs = performance.now();
    await rig.rollOut("stuck", [web("web:1", 8006)]);
    expect(performance.now() - startedMs).toBeGreaterThan(1_900);
    await rig.answers(8006, "web:1");
  });

  test("whose port another container holds is refused while the old version serves", async () => {
    await rig.device.podman("run", "--detach", "--name", "squatter", "--publish", "8099:80", rig.registry.ref("web:2"));
    await rig.rollOut("taken", [web("web:1", 8007)]);
    const before = await rig.container("taken_web");
    const state = await rig.rollOut("taken", [web("web:1", 8099)], "Failed");
    expect(state.last_error).toMatch(/8099\/tcp is taken by the container squatter/);
    expect(await rig.container("taken_web")).toEqual(before);
    await rig.device.podman("rm", "--force", "--time", "0", "squatter");
    await rig.phase("taken", "Running");
  });

  test("of one of two services restarts only that one, and they share a network by name", async () => {
    const front = web("web:1", 8008);
    const back: Service = { name: "back", image: rig.registry.ref("web:1"), stop_grace_seconds: 1 };
    await rig.rollOut("pair", [front, back]);
    const before = await rig.container("pair_web");
    await rig.rollOut("pair", [front, { ...back, image: rig.registry.ref("web:2") }]);
    const networks = await rig.device.podman("inspect", "--format", "{{json .NetworkSettings.Networks}}", "pair_back");
    expect(await rig.container("pair_web")).toEqual(before);
    expect(Object.keys(JSON.parse(networks) as object)).toEqual(["pair_private"]);
    expect(networks).toContain('"back"');
    await rig.rollOut("pair", [front]);
    expect((await rig.containers("pair")).map(({ name }) => name)).toEqual(["pair_web"]);
  });
});

describe("a first version", { timeout: 90_000 }, () => {
  test("that crashes is stopped from burning the processor and reported with its last words", async () => {
    const state = await rig.rollOut("loop", [web("crash:1", 8010)], "Failed");
    expect(state.last_error).toMatch(/(?:exited with code 3|ended).*boom/);
    await until("it rests", async () => (await rig.containers("loop"))[0]?.state === "exited");
    await rig.unwant("loop");
    await until("it is gone", async () => (await rig.containers("loop")).length === 0);
    expect(rig.log()).toContain("it crashes again and again");
  });

  test("comes from a private registry with the credentials of the containers auth file", async () => {
    await rig.rollOut("private", [{ ...web("web:1", 8011), image: rig.registry.ref("web:1", "auth") }]);
    await rig.answers(8011, "web:1");
    expect((await rig.container("private_web")).state).toBe("running");
  });

  test("gets its files, environment, limits and secrets, and the secret is told to nobody", async () => {
    const file = join(rig.scratch.path, "token");
    writeFileSync(file, `${secret}\n`);
    await rig.rollOut("fitted", [
      web("web:1", 8012, {
        env: [
          { name: "MODE", value: "prod" },
          { name: "TOKEN", file },
        ],
        files: [{ path: "/etc/app/deep.conf", content: "answer = 42\n", mode: "0640" }],
        tmpfs: ["/scratch"],
        resources: { memory_bytes: 67_108_864, cpus: 0.5 },
      }),
    ]);
    const seen = await rig.device.podman("exec", "fitted_web", "sh", "-c", "echo $MODE $TOKEN; cat /etc/app/deep.conf");
    expect(seen).toBe(`prod ${secret}\nanswer = 42`);
    expect(rig.log()).not.toContain(secret);
    expect(JSON.stringify(rig.history)).not.toContain(secret);
    const kept = readdirSync(rig.stateDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.filter((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").includes(secret))).toEqual(
      [],
    );
  });

  test("gets every other thing that a service may ask for", async () => {
    const folder = join(rig.scratch.path, "host");
    mkdirSync(folder);
    writeFileSync(join(folder, "note"), "from the host\n");
    const script = { path: "/usr/local/bin/hello", content: "#!/bin/sh\necho hello\n", mode: "0755" };
    const inner: Service = {
      name: "inner",
      image: rig.registry.ref("web:1"),
      command: ["httpd", "-f", "-p", "8080", "-h", "/www"],
      user: "1000:1001",
      ports: ["8030:8080", "127.0.0.1:8031:9000/udp", "[::1]:8032:8080/tcp"],
      volumes: [
        { source: folder, target: "/host", read_only: true },
        { source: "data", target: "/data" },
      ],
      files: [script, { path: "/data/seed", content: "sown\n" }],
      devices: ["/dev/net/tun"],
      tmpfs: ["/scratch"],
      resources: { memory_bytes: 67_108_864, cpus: 0.5 },
      restart_policy: "always",
      stop_grace_seconds: 1,
    };
    const outer: Service = {
      name: "outer",
      image: rig.registry.ref("web:2"),
      command: ["httpd", "-f", "-p", "8033", "-h", "/www"],
      network: "host",
      privileged: true,
      stop_grace_seconds: 1,
    };
    await rig.rollOut("all", [inner, outer]);
    await rig.answers(8030, "web:1");
    await rig.answers(8033, "web:2");
    const look =
      "busybox id -u; busybox id -g; cat /host/note; cat /data/seed; /usr/local/bin/hello; busybox stat -c %a /usr/local/bin/hello;" +
      "test -c /dev/net/tun && echo device; busybox grep -c ' /scratch tmpfs' /proc/mounts; echo x 2>&- >/host/x || echo refused";
    expect((await rig.device.podman("exec", "all_inner", "sh", "-c", look)).split("\n")).toEqual([
      "1000",
      "1001",
      "from the host",
      "sown",
      "hello",
      "755",
      "device",
      "1",
      "refused",
    ]);
    const [seen] = JSON.parse(await rig.device.podman("inspect", "all_inner")) as [Inspected];
    expect(seen.HostConfig).toMatchObject({ Memory: 67_108_864, NanoCpus: 500_000_000, Privileged: false });
    expect(seen.HostConfig.RestartPolicy.Name).toBe("always");
    expect(seen.HostConfig.PortBindings).toEqual({
      "8080/tcp": expect.arrayContaining([
        expect.objectContaining({ HostPort: "8030" }),
        { HostIp: "0:0:0:0:0:0:0:1", HostPort: "8032" },
      ]) as unknown,
      "9000/udp": [{ HostIp: "127.0.0.1", HostPort: "8031" }],
    });
    expect(await rig.device.podman("inspect", "--format", "{{.HostConfig.Privileged}}", "all_outer")).toBe("true");
  });

  test("that needs a name which somebody else's container has is refused, and that container is left alone", async () => {
    await rig.device.podman("run", "--detach", "--name", "clash_web", rig.registry.ref("web:2"));
    const foreign = await rig.container("clash_web");
    const state = await rig.rollOut("clash", [web("web:1", 8013)], "Failed");
    expect(state.last_error).toMatch(/clash_web.*rename or remove it/);
    expect(await rig.containers("clash")).toEqual([foreign]);
    await rig.device.podman("rename", "clash_web", "somebody");
    await rig.phase("clash", "Running");
    await rig.answers(8013, "web:1");
    await rig.device.podman("rm", "--force", "--time", "0", "somebody");
  });
});

describe("a value", { timeout: 90_000 }, () => {
  test("of an unknown type is reported by its name and touches nothing", async () => {
    await rig.rollOut("typed", [web("web:1", 8020)]);
    const before = await rig.container("typed_web");
    await rig.wantText("typed", JSON.stringify({ type: "HelmV3", data: {} }));
    const state = await rig.phase("typed", "Failed");
    expect(state.last_error).toContain("HelmV3");
    await rig.wantText("typed", "{not json");
    await until("the torn value is reported", () => rig.state("typed")?.desired_digest !== state.desired_digest);
    expect(rig.state("typed")?.phase).toBe("Failed");
    expect(await rig.containers("typed")).toEqual([before]);
  });

  test("of an older writer, with a name and a tagging of its own, runs and goes like any other", async () => {
    const name = "My_Web/old=1";
    const services = [web("web:1", 8023)];
    await rig.wantText(name, JSON.stringify({ PodmanV0: { services } }));
    await rig.phase(name, "Running");
    await rig.answers(8023, "web:1");
    await rig.unwant(name);
    await until("its state is deleted", () => rig.state(name) === null);
    expect(await rig.get(8023)).toBe(null);
  });

  test("that is written again with the same bytes changes nothing", async () => {
    await rig.rollOut("same", [web("web:1", 8021)]);
    const before = await rig.container("same_web");
    const writes = rig.history.filter(({ deployment }) => deployment === "same").length;
    await rig.want("same", [web("web:1", 8021)]);
    await rig.rollOut("after-same", [web("web:1", 8022)]);
    expect(await rig.container("same_web")).toEqual(before);
    expect(rig.history.filter(({ deployment }) => deployment === "same")).toHaveLength(writes);
  });

  test("that ends by design is Running when it is done, and Failed when it ended badly", async () => {
    const job: Service = {
      name: "job",
      image: rig.registry.ref("web:1"),
      restart_policy: "no",
      command: ["sh", "-c", "exit 0"],
    };
    await rig.rollOut("job", [job]);
    // Until podman has cleaned up behind it, it calls it "stopped".
    await until("it has exited", async () => (await rig.container("job_job")).state === "exited");
    const failing = { ...job, command: ["sh", "-c", "echo no such table >&2; exit 4"] };
    const state = await rig.rollOut("job", [failing], "Failed");
    expect(state.last_error).toMatch(/code 4.*no such table/);
  });
});

describe("a delete marker", { timeout: 90_000 }, () => {
  test("removes containers, network, state and unneeded images, but never the volume", async () => {
    const image = rig.registry.add("only-here:1", { command: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"] });
    await rig.rollOut("gone", [
      { name: "one", image, volumes: [{ source: "data", target: "/data" }], stop_grace_seconds: 1 },
    ]);
    await rig.unwant("gone");
    await until("its state is deleted", () => rig.state("gone") === null);
    expect(await rig.containers("gone")).toEqual([]);
    expect(await rig.device.podman("network", "ls", "--format", "{{.Name}}")).not.toContain("gone_private");
    expect(await rig.device.podman("volume", "ls", "--format", "{{.Name}}")).toContain("gone_data");
    await until(
      "the image is gone",
      async () => !(await rig.device.podman("images", "--format", "{{.Repository}}")).includes("only-here"),
    );
  });

  test("leaves alone what is not ours, whatever its name, and clears away what a killed agent left half made", async () => {
    await rig.rollOut("near", [web("web:1", 8040)]);
    await rig.device.podman("network", "create", "far_private");
    await rig.device.podman("run", "--detach", "--name", "far_web", rig.registry.ref("web:2"));
    const labels = ["gitfleet.dev/device=kiosk-0001", "gitfleet.dev/deployment=near", "gitfleet.dev/service=web"];
    const half = [...labels.flatMap((label) => ["--label", label]), "--name", "near_web.next.unfinished"];
    await rig.device.podman("create", ...half, rig.registry.ref("web:1"));
    await rig.unwant("far");
    await until("the half is gone", async () => (await rig.containers("near")).length === 1);
    await until("the removal is done", () => rig.log().includes("remove the network of far"));
    expect(await rig.device.podman("network", "ls", "--format", "{{.Name}}")).toContain("far_private");
    expect(await rig.containers("far")).toMatchObject([{ name: "far_web", state: "running" }]);
    await rig.device.podman("rm", "--force", "--time", "0", "far_web");
    await rig.device.podman("network", "rm", "far_private");
  });

  test("is never needed for images that the current or the previous version uses", async () => {
    const image = (n: number): string =>
      rig.registry.add(`step:${n}`, { command: ["sh", "-c", `trap 'exit 0' TERM; echo ${n}; sleep 1000 & wait`] });
    for (const n of [1, 2, 3]) await rig.rollOut("steps", [{ name: "one", image: image(n), stop_grace_seconds: 1 }]);
    const tags = async (): Promise<string> =>
      (await rig.device.podman("images", "--format", "{{.Repository}}:{{.Tag}}"))
        .split("\n")
        .filter((row) => row.includes("step:"))
        .map((row) => row.split("step:")[1])
        .toSorted()
        .join(" ");
    await until("only the last two versions are left", async () => (await tags()) === "2 3");
    expect((await rig.containers("steps")).map(({ state }) => state)).toEqual(["running"]);
  });
});

/** The part of `podman inspect` that the stories look at. */
interface Inspected {
  readonly HostConfig: {
    readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>;
  };
}

function phases(deployment: string): (string | undefined)[] {
  return rig.history.filter((one) => one.deployment === deployment).map(({ state }) => state?.phase);
}

describe("on the device", { timeout: 90_000 }, () => {
  test("a person reads logs, sees volumes, and is the only one who deletes one", async () => {
    const talking: Service = {
      name: "talk",
      image: rig.registry.ref("web:1"),
      command: ["sh", "-c", "echo hello; trap 'exit 0' TERM; sleep 1000 & wait"],
      volumes: [{ source: "kept", target: "/data" }],
      stop_grace_seconds: 1,
    };
    await rig.rollOut("talk", [talking]);
    const [podman, signal] = [rig.device.socketPath, AbortSignal.timeout(60_000)];
    let printed = "";
    await agentLogs({ deployment: "talk", podman }, { stdout: (text) => (printed += text), signal });
    expect(printed).toBe("talk | hello\n");
    const following = new AbortController();
    const follow = agentLogs(
      { deployment: "talk", podman, follow: true },
      { stdout: () => following.abort(), signal: following.signal },
    );
    await follow;
    await expect(agentLogs({ deployment: "tlak", podman }, { stdout: () => {}, signal })).rejects.toThrow(
      /no deployment tlak/,
    );
    expect(await pruneAgentVolumes({ podman }, signal)).not.toContain("talk_kept");
    expect((await agentVolumes({ podman }, signal)).find(({ name }) => name === "talk_kept")).toMatchObject({
      deployment: "talk",
      inUse: true,
    });
    await rig.unwant("talk");
    await until("it is gone", () => rig.state("talk") === null);
    expect(volumesText(await agentVolumes({ podman }, signal))).toMatch(
      /^VOLUME +DEPLOYMENT +USED +CREATED\n.*talk_kept +talk +no /s,
    );
    expect(await pruneAgentVolumes({ podman }, signal)).toContain("talk_kept");
  });
});

/** The longest time without an answer, measured until `stop`. */
function probeDowntime(port: number): { stop(): Promise<number> } {
  const stopped = new AbortController();
  const probing = (async () => {
    let [longestMs, lastAnswerMs] = [0, performance.now()];
    while (!stopped.signal.aborted) {
      if ((await rig.get(port)) === null) continue;
      longestMs = Math.max(longestMs, performance.now() - lastAnswerMs);
      lastAnswerMs = performance.now();
    }
    return longestMs;
  })();
  return {
    stop: async () => {
      stopped.abort();
      return await probing;
    },
  };
}
