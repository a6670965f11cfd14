/** The image: what is in it, and both programs in it against real NATS and git, with no right and no place to write. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "#sandbox/run-command.ts";
import { until } from "#sandbox/until.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { deploymentYaml, Shop } from "#tests/status-bot/shop.ts";
import packageJson from "../../package.json" with { type: "json" };
import { ImageRig, NODE, REVISION, type Contained } from "./image-rig.ts";

let rig: ImageRig;

beforeAll(async () => {
  rig = await ImageRig.start();
});

afterAll(async () => {
  await rig?.remove();
});

describe("the Containerfile", () => {
  const text = readFileSync(join(repositoryRoot, "deploy/container/Containerfile"), "utf8");

  test("begins with the Node that gitfleet is tested with, and says its version", () => {
    expect(text).toContain(`ARG NODE_IMAGE=docker.io/library/node:${packageJson.dependencies.node}-bookworm-slim\n`);
    expect(text).toContain(`ARG VERSION=${packageJson.version}\n`);
  });

  test("needs no shell, neither while it is built nor after", () => {
    const forms = [...text.matchAll(/^(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK .*CMD)\s+(.)/gm)].map(([, first]) => first);
    expect(forms).toEqual(Array.from({ length: 6 }, () => "["));
  });
});

describe("the image", () => {
  test("says what it is, by the labels of the Open Container Initiative", async () => {
    expect(await rig.inspect(".Labels")).toMatchObject({
      "org.opencontainers.image.title": "gitfleet",
      "org.opencontainers.image.version": packageJson.version,
      "org.opencontainers.image.revision": REVISION,
      "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
      "org.opencontainers.image.source": "unknown",
      "org.opencontainers.image.licenses": packageJson.license,
    });
  });

  test("runs as nobody in particular, and has a health check that needs no shell", async () => {
    expect(await rig.inspect(".User")).toBe("65532:65532");
    expect(await rig.inspect(".HealthCheck.Test")).toEqual(["CMD", NODE, "/opt/gitfleet/health.mjs"]);
  });

  test("is hardly larger than node", async () => {
    const sizeBytes = Number(await rig.inspect(".Size"));
    expect(sizeBytes - statSync(process.execPath).size).toBeLessThan(12 * 1024 * 1024);
  });

  test("holds node, its libraries and gitfleet, all of them root's and written by nobody else", async () => {
    const { stdout } = await runCommand("tar", ["-t", "-v", "--numeric-owner", "-f", await rig.archive()]);
    const entries = stdout.trim().split("\n");
    const others = entries.filter((line) => !/ (?:opt\/gitfleet\/|lib|usr\/lib)\S+/.test(line) && line.startsWith("-"));
    expect(others.map((line) => line.split(" ").at(-1))).toEqual(["etc/nsswitch.conf", "usr/local/bin/node"]);
    expect(entries.filter((line) => !line.includes(" 0/0 "))).toEqual([]);
    expect(entries.filter((line) => /^[-d](?:....w|.......w)/.test(line))).toEqual([]);
  });

  test("prints gitfleet's help where nothing else is asked", async () => {
    expect(await rig.once()).toMatch(/^gitfleet manages fleets/);
  });

  test("has the same content when it is built again", async () => {
    await rig.build("localhost/gitfleet:again");
    expect(await rig.inspect(".RootFS.Layers", "localhost/gitfleet:again")).toEqual(
      await rig.inspect(".RootFS.Layers"),
    );
  });
});

describe("reconcilers and a status bot from the image", () => {
  let shop: Shop;
  let first: Contained;
  let second: Contained;
  let bot: Contained;

  beforeAll(async () => {
    shop = await Shop.open();
    const secrets = join(rig.scratch.path, "secrets");
    mkdirSync(secrets);
    writeFileSync(join(secrets, "token"), `${shop.github.token}\n`);
    // A Secret's files in a cluster are readable by the pod's group; here everybody may read the one.
    chmodSync(join(secrets, "token"), 0o444);
    // By a name, so that one has to be looked up.
    const here = (address: string): string => address.replace("127.0.0.1", "localhost");
    const env = {
      GITFLEET_REPO: here(shop.github.gitUrl),
      GITFLEET_NATS: here(shop.nats.url),
      GITFLEET_GIT_TOKEN_FILE: "/etc/gitfleet/token",
      GITFLEET_POLL_INTERVAL: "200ms",
    };
    first = await rig.start("first", "reconciler", { env, secrets });
    second = await rig.start("second", "reconciler", { env, secrets });
    const github = { GITFLEET_GITHUB: shop.github.fullName, GITFLEET_GITHUB_URL: here(shop.github.url) };
    bot = await rig.start("bot", "status-bot", { env: { ...env, ...github }, secrets });
  });

  afterAll(async () => {
    await shop?.close();
  });

  async function applied(tag: string): Promise<string> {
    const yaml = deploymentYaml("web", `registry.example/web:${tag}`);
    const commit = await shop.github.push({ files: { "deployments/web.yaml": yaml }, message: `Web ${tag}` });
    await shop.applied(commit);
    return commit;
  }

  const role = async (one: Contained): Promise<unknown> => (await one.get("/healthz"))?.facts["role"];

  test("apply a commit, judge it and write the status branch", async () => {
    const commit = await applied("1");
    await shop.status(commit, "validate", "success");
    await shop.status(commit, "rollout", "success");
    expect(await shop.statusFile("status/README.md", (text) => text.includes("web"))).toContain("web");
  });

  test("are all ready, while one of two writes", async () => {
    for (const one of [first, second, bot]) {
      await until(`${one.name} is ready`, async () => (await one.get("/readyz"))?.ok);
    }
    expect([await role(first), await role(second)].toSorted()).toEqual(["standby", "writer"]);
  });

  test("have no right, no place to write, and a health check that tells well from unwell", async () => {
    for (const one of [first, bot]) {
      expect(await one.status("Uid")).toBe("4711");
      expect(await one.status("CapEff")).toBe("0000000000000000");
      expect(await one.status("NoNewPrivs")).toBe("1");
      for (const path of ["/file", "/opt/gitfleet/file", "/tmp/file"]) {
        const write = one.exec(NODE, "-e", `require("node:fs").writeFileSync("${path}", "")`);
        await expect(write).rejects.toThrow(/EROFS|ENOENT/);
      }
      await rig.device.podman("healthcheck", "run", one.name);
      // Nobody answers at port 1.
      const elsewhere = ["-e", `process.env.GITFLEET_LISTEN = ":1"; import("/opt/gitfleet/health.mjs")`];
      await expect(one.exec(NODE, ...elsewhere)).rejects.toThrow("failed with 1");
    }
  });

  test("end at SIGTERM, which reaches node as process 1; the reconciler that stood by goes on", async () => {
    const [writer, standby] = (await role(first)) === "writer" ? [first, second] : [second, first];
    // A stop that is not clean within 10 s ends with another code.
    expect(await writer.terminate()).toBe("0");
    await applied("2");
    expect(await role(standby)).toBe("writer");
    expect(await standby.terminate()).toBe("0");
    expect(await bot.terminate()).toBe("0");
  });
});
