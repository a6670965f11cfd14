/** A sandbox device is a whole machine as far as podman can tell, and leaves nothing behind. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPodmanDevice, type PodmanDevice } from "#sandbox/podman-device.ts";
import { startRegistry, type Registry } from "#sandbox/registry.ts";
import { until } from "#sandbox/until.ts";

const PORT = 8080;
let registry: Registry;
let device: PodmanDevice;

beforeAll(async () => {
  registry = await startRegistry();
  device = await startPodmanDevice({ name: "one", network: "own", registries: [registry] });
});

afterAll(async () => {
  await device.remove();
  await registry.remove();
});

async function page(of: PodmanDevice, port = PORT): Promise<string> {
  const response = await fetch(`http://${of.address}:${port}/`, { signal: AbortSignal.timeout(1_000) });
  return (await response.text()).trim();
}

async function serveWeb(on: PodmanDevice): Promise<void> {
  await on.podman("run", "--detach", "--name", "web", "--publish", `${PORT}:80`, registry.ref("web:1"));
  await until("the container answers", async () => (await page(on)) === "web:1");
}

test("a container from the registry answers at the device's address", async () => {
  await serveWeb(device);
  expect(await page(device)).toBe("web:1");
});

test("two devices publish the same port and use the same names side by side", async () => {
  await using other = await startPodmanDevice({ name: "two", network: "own", registries: [registry] });
  await serveWeb(other);
  expect(other.address).not.toBe(device.address);
  expect(await page(device)).toBe("web:1");
});

test("containers go on while the API is killed, and podman answers again after it is started", async () => {
  await device.killApi();
  expect(await page(device)).toBe("web:1");
  await device.startApi();
  await device.restartApi();
  expect(await device.podman("ps", "--format", "{{.Names}}")).toBe("web");
});

test("a device whose network is cut neither answers nor pulls, until it is restored", async () => {
  await device.cutNetwork();
  await expect(page(device)).rejects.toThrow("timeout");
  await expect(fetch(`http://${registry.address}/v2/`)).resolves.toHaveProperty("status", 200);
  await device.restoreNetwork();
  await until("the container answers again", async () => (await page(device)) === "web:1");
});

test("after a power cut nothing runs, and everything that was on disk is there", async () => {
  await device.powerCut();
  await expect(page(device)).rejects.toThrow("fetch failed");
  await device.boot();
  expect(await device.podman("ps", "--quiet")).toBe("");
  await device.podman("start", "web");
  await until("the container answers again", async () => (await page(device)) === "web:1");
});

test("a signal past podman ends a container's main process", async () => {
  await device.signalContainer("web", "KILL");
  await until("the container ended", async () => (await device.podman("ps", "--quiet")) === "");
  expect(await device.podman("inspect", "--format", "{{.State.ExitCode}}", "web")).toBe("137");
});

test("the registry asks for its password, and refuses while it is stopped", async () => {
  const locked = registry.ref("web:2", "auth");
  await expect(device.podman("pull", locked)).rejects.toThrow("authentication required");
  await device.podman("pull", "--creds", `${registry.user}:${registry.password}`, locked);
  await registry.stop();
  await expect(device.podman("pull", "--quiet", registry.ref("slow:1"))).rejects.toThrow("pinging container registry");
  await registry.start();
  await device.podman("pull", "--quiet", registry.ref("slow:1"));
});

test("an image with a health check says how it is", async () => {
  await device.podman("run", "--detach", "--name", "sick", registry.ref("sick:1"));
  await expect(device.podman("healthcheck", "run", "sick")).rejects.toThrow("failed with 1");
  await device.podman("run", "--detach", "--name", "well", registry.ref("well:1"));
  await until("the healthy one is", async () => (await device.podman("healthcheck", "run", "well")) !== undefined);
});

test("on the machine's own network published ports answer on 127.0.0.1, and nothing stays behind", async () => {
  let bridge = "";
  const host = await startPodmanDevice({ name: "host", network: "host", registries: [registry] });
  try {
    await host.podman("network", "create", "shop");
    bridge = await host.podman("network", "inspect", "--format", "{{.NetworkInterface}}", "shop");
    const id = await host.podman("run", "-d", "--network", "shop", "-p", "127.0.0.1::80", registry.ref("web:2"));
    const port = Number((await host.podman("port", id, "80")).split(":")[1]);
    await until("the container answers", async () => (await page(host, port)) === "web:2");
    expect(Object.keys(networkInterfaces())).toContain(bridge);
  } finally {
    await host.remove();
  }
  expect(Object.keys(networkInterfaces())).not.toContain(bridge);
  expect(existsSync(host.folder)).toBe(false);
});

test("a device ends with the process that started it, and the next one removes its files", async () => {
  const program = `
    const { startPodmanDevice } = await import("#sandbox/podman-device.ts");
    const device = await startPodmanDevice({ name: "lost", network: "own" });
    console.log(device.folder);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [folder] = (await new Promise((resolve) => child.stdout.once("data", resolve).once("end", resolve)).then(
    (text) => String(text).split("\n"),
  )) as [string];
  child.kill("SIGKILL");
  await until("its podman is gone", async () => await refuses(`${folder}/podman.sock`));
  await using next = await startPodmanDevice({ name: "next", network: "own" });
  expect(existsSync(next.folder)).toBe(true);
  expect(existsSync(folder)).toBe(false);
});

async function refuses(socketPath: string): Promise<boolean> {
  const { connect } = await import("node:net");
  return await new Promise((resolve) => {
    const socket = connect(socketPath, () => resolve(false)).on("error", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
}
