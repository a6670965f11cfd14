/** The image: built by the Containerfile on a stand-in base, run without any right, against real NATS and git. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageArguments } from "#release/image.ts";
import { freePort } from "#sandbox/free-port.ts";
import { runCommand } from "#sandbox/run-command.ts";
import { startPodmanDevice, type PodmanDevice } from "#sandbox/podman-device.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { deploymentYaml, Shop } from "#tests/status-bot/shop.ts";
import packageJson from "../../package.json" with { type: "json" };
import { standInImage } from "./stand-in-image.ts";

const IMAGE = "localhost/gitfleet:test";
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const EPOCH_S = 1_700_000_000;
const NODE = "/usr/local/bin/node";
/** Somebody else than the image says, as a cluster may decide. */
const USER = "4711:4711";
const CONTAINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"];

let scratch: Scratch;
let device: PodmanDevice;

beforeAll(async () => {
  scratch = scratchFolder("image");
  device = await startPodmanDevice({ name: "image", network: "host" });
  const archive = await standInImage(scratch.path);
  await device.podman("import", "--change", "ENV PATH=/usr/local/bin", archive, "localhost/node:stand-in");
  await device.podman(...buildArguments(IMAGE));
});

afterAll(async () => {
  await device?.remove();
  scratch?.remove();
});

function buildArguments(tag: string): string[] {
  const words = ["--layers=false", "--build-arg", "NODE_IMAGE=localhost/node:stand-in", "--tag", tag];
  return imageArguments({ engine: "podman", root: repositoryRoot, revision: REVISION, epochS: EPOCH_S, words });
}

describe("the Containerfile", () => {
  const text = readFileSync(join(repositoryRoot, "deploy/container/Containerfile"), "utf8");

  test("begins with the Node that gitfleet is tested with, and says its version", () => {
    expect(text).toContain(`ARG NODE_IMAGE=docker.io/library/node:${packageJson.dependencies.node}-bookworm-slim\n`);
    expect(text).toContain(`ARG VERSION=${packageJson.version}\n`);
  });

  test("needs no shell, neither while it is built nor after", () => {
    const forms = [...text.matchAll(/^(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK .*CMD)\s+(.)/gm)].map(([, first]) => first);
    expect(forms).toHaveLength(6);
    expect(new Set(forms)).toEqual(new Set(["["]));
  });
});

describe("the image", () => {
  test("says what it is, by the labels of the Open Container Initiative", async () => {
    const labels = JSON.parse(await device.podman("image", "inspect", "--format", "{{json .Labels}}", IMAGE)) as object;
    expect(labels).toMatchObject({
      "org.opencontainers.image.title": "gitfleet",
      "org.opencontainers.image.version": packageJson.version,
      "org.opencontainers.image.revision": REVISION,
      "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
      "org.opencontainers.image.source": "unknown",
      "org.opencontainers.image.licenses": packageJson.license,
    });
  });

  test("has a health check that needs no shell", async () => {
    const check = await device.podman("image", "inspect", "--format", "{{json .HealthCheck.Test}}", IMAGE);
    expect(JSON.parse(check)).toEqual(["CMD", NODE, "/opt/gitfleet/health.mjs"]);
  });

  test("is hardly larger than node", async () => {
    const size = Number(await device.podman("image", "inspect", "--format", "{{.Size}}", IMAGE));
    expect(size - statSync(process.execPath).size).toBeLessThan(12 * 1024 * 1024);
  });

  test("runs as nobody in particular", async () => {
    expect(await device.podman("image", "inspect", "--format", "{{.User}}", IMAGE)).toBe("65532:65532");
  });

  test("holds node, its libraries and gitfleet, all of them root's and written by nobody else", async () => {
    const container = await device.podman("create", IMAGE);
    const archive = join(scratch.path, "image.tar");
    await device.podman("export", "--output", archive, container);
    const listed = await listing(archive);
    const files = listed.filter(({ mode }) => mode.startsWith("-"));
    const foreign = files.filter(({ path }) => !/^(?:opt\/gitfleet\/|lib|usr\/lib|etc\/nsswitch\.conf$)/.test(path));
    expect(foreign.map(({ path }) => path)).toEqual(["usr/local/bin/node"]);
    const loose = listed.filter(({ mode, owner }) => owner !== "0/0" || /^.....w|^........w/.test(mode));
    expect(loose).toEqual([]);
    await device.podman("rm", container);
  });

  test("prints gitfleet's help where nothing else is asked", async () => {
    expect(await device.podman("run", "--rm", ...CONTAINED, "--user", USER, IMAGE)).toMatch(/^gitfleet manages fleets/);
  });

  test("has the same content when it is built again", async () => {
    await device.podman(...buildArguments("localhost/gitfleet:again"));
    const layers = async (image: string): Promise<string> =>
      await device.podman("image", "inspect", "--format", "{{json .RootFS.Layers}}", image);
    expect(await layers("localhost/gitfleet:again")).toBe(await layers(IMAGE));
  });
});

describe("reconciler and status bot from the image, with no right and no place to write", () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await Shop.open();
    mkdirSync(join(scratch.path, "secrets"));
    writeFileSync(join(scratch.path, "secrets", "token"), `${shop.github.token}\n`);
    // A Secret's files in a cluster are readable by the pod's group; here everybody may read the one.
    chmodSync(join(scratch.path, "secrets", "token"), 0o444);
  });

  afterAll(async () => {
    await shop?.close();
  });

  /** Starts a program in a container of its own; gives where it listens. */
  async function start(name: string, settings: Record<string, string>): Promise<{ port: number }> {
    const port = await freePort();
    const env = {
      GITFLEET_REPO: shop.github.gitUrl.replace("127.0.0.1", "localhost"),
      GITFLEET_NATS: shop.nats.url.replace("127.0.0.1", "localhost"),
      GITFLEET_GIT_TOKEN_FILE: "/etc/gitfleet/token",
      GITFLEET_POLL_INTERVAL: "200ms",
      GITFLEET_LISTEN: `:${port}`,
      ...settings,
    };
    const variables = Object.entries(env).map(([key, value]) => `--env=${key}=${value}`);
    const secrets = `--volume=${join(scratch.path, "secrets")}:/etc/gitfleet:ro`;
    const where = ["--detach", "--network=host", "--name", name, secrets, ...variables];
    await device.podman("run", ...where, ...CONTAINED, "--user", USER, IMAGE, name);
    return { port };
  }

  test("apply a commit, judge it and write the status branch; then end in time", async () => {
    const reconciler = await start("reconciler", {});
    const bot = await start("status-bot", {
      GITFLEET_GITHUB: shop.github.fullName,
      GITFLEET_GITHUB_URL: shop.github.url.replace("127.0.0.1", "localhost"),
    });
    const commit = await shop.github.push({
      files: { "deployments/web.yaml": deploymentYaml("web", "registry.example/web:1") },
      message: "Web",
    });
    await logsWhereItFails(async () => {
      await shop.applied(commit);
      await shop.status(commit, "validate", "success");
      await shop.status(commit, "rollout", "success");
      expect(await shop.statusFile("status/README.md", (text) => text.includes("web"))).toContain("web");
      for (const { port } of [reconciler, bot]) await until("it is ready", () => answersOk(port, "/readyz"));
    });
    for (const name of ["reconciler", "status-bot"]) {
      await device.podman("healthcheck", "run", name);
      expect(await device.podman("exec", name, NODE, "-p", "process.getuid()")).toBe("4711");
      expect(await status(name, "CapEff")).toBe("0000000000000000");
      expect(await status(name, "NoNewPrivs")).toBe("1");
      await expect(write(name, "/opt/gitfleet/file")).rejects.toThrow("EROFS");
      await expect(write(name, "/file")).rejects.toThrow("EROFS");
      // Nobody answers at port 1: the same check that was passed above is not passed there.
      await expect(healthAt(name, ":1")).rejects.toThrow("failed with 1");
      const beganMs = performance.now();
      await device.podman("kill", "--signal", "TERM", name);
      expect(await device.podman("wait", name)).toBe("0");
      expect(performance.now() - beganMs).toBeLessThan(10_000);
    }
  });

  async function write(name: string, path: string): Promise<string> {
    return await device.podman("exec", name, NODE, "-e", `require("node:fs").writeFileSync("${path}", "")`);
  }

  async function healthAt(name: string, listen: string): Promise<string> {
    return await device.podman("exec", "--env", `GITFLEET_LISTEN=${listen}`, name, NODE, "/opt/gitfleet/health.mjs");
  }

  async function status(name: string, field: string): Promise<string> {
    const program = `require("node:fs").readFileSync("/proc/1/status","utf8")`;
    const text = await device.podman("exec", name, NODE, "-p", program);
    return new RegExp(`^${field}:\\s*(\\S+)$`, "m").exec(text)?.[1] ?? "";
  }

  async function logsWhereItFails(check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (cause) {
      const logs = await Promise.all(["reconciler", "status-bot"].map((name) => device.podman("logs", name)));
      throw new Error(logs.join("\n").slice(-4_000), { cause });
    }
  }
});

async function answersOk(port: number, path: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
  return answer?.ok ?? false;
}

/** What a tar archive holds: mode, owner and path of each entry. */
async function listing(archive: string): Promise<{ mode: string; owner: string; path: string }[]> {
  const { stdout } = await runCommand("tar", ["--list", "--verbose", "--numeric-owner", "--file", archive]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
      return { mode, owner, path };
    });
}
