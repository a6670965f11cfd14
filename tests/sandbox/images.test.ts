/** The test images are the same each time, and what is written about them is what a registry serves. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildImage, TEST_IMAGES } from "#sandbox/images.ts";
import { startRegistry } from "#sandbox/registry.ts";

test("equal specs give equal digests, and different pages different ones", () => {
  expect(buildImage(TEST_IMAGES["web:1"]).manifest.digest).toBe(
    buildImage({ ...TEST_IMAGES["web:1"] }).manifest.digest,
  );
  expect(buildImage(TEST_IMAGES["web:1"]).manifest.digest).not.toBe(buildImage(TEST_IMAGES["web:2"]).manifest.digest);
});

test("every layer unpacks to the digest that the image's configuration gives it", () => {
  const { config, layers } = buildImage({ command: ["true"], ballastBytes: 100_000 });
  const { rootfs } = JSON.parse(config.bytes.toString()) as { rootfs: { diff_ids: string[] } };
  const unpacked = layers.map(({ bytes }) => createHash("sha256").update(gunzipSync(bytes)).digest("hex"));
  expect(rootfs.diff_ids).toEqual(unpacked.map((hex) => `sha256:${hex}`));
});

test("a tag can be moved, and a fault cuts a blob off until it is healed", async () => {
  await using registry = await startRegistry();
  const manifestOf = async (): Promise<string | null> =>
    (await fetch(`http://${registry.address}/v2/web/manifests/1`)).headers.get("docker-content-digest");
  expect(await manifestOf()).toBe(registry.digest("web:1"));
  registry.add("web:1", TEST_IMAGES["web:2"]);
  expect(await manifestOf()).toBe(registry.digest("web:2"));

  const blob = `http://${registry.address}/v2/web/blobs/${registry.digest("web:2")}`;
  registry.fault("truncate");
  await expect(fetch(blob).then(async (response) => await response.text())).rejects.toThrow("terminated");
  registry.fault(null);
  expect(
    createHash("sha256")
      .update(await (await fetch(blob)).text())
      .digest("hex"),
  ).toBe(registry.digest("web:2").slice("sha256:".length));
});
