/** The bot seen by the people of a shop: a pull request from its first push to the last device, and what may happen on the way. */
import { until } from "#sandbox/until.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { deploymentYaml, Shop, type ShopOptions } from "./shop.ts";

const WEB = "deployments/web.yaml";
const DB = "deployments/db.yaml";

describe("a pull request", () => {
  test("is valid, shows what it will do, and tells in the same comment how it went", async () => {
    const shop = await opened();
    const { pull, head } = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") });
    expect(await shop.status(head, "validate", "success")).toBe(
      "Valid, also merged into main: 1 deployment, 3 devices",
    );
    const before = await shop.comment(pull);
    expect(before).toContain("3 of 3 devices change: 0 updated, 3 added, 0 removed");
    expect(before).toContain('+ "r.example/web:1"');
    const merged = await shop.github.merge(pull);
    expect(await shop.status(merged, "rollout", "success")).toBe("All 3 done");
    const after = await shop.comment(pull, (body) => body.includes(": done"));
    expect(after).toContain("100 %: 3 of 3 done");
    expect(after).toContain('+ "r.example/web:1"');
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
    await shop.statusFile("status/deployments/web.yaml", (text) => text.includes("succeeded: 3"));
  });

  test("that is wrong says what is wrong and where; a fix is judged again, in the same comment", async () => {
    const shop = await opened();
    const { pull, head } = await proposed(shop, { [WEB]: deploymentYaml("web", "not an image") });
    const line = await shop.status(head, "validate", "failure");
    expect(line).toMatch(/^deployments\/web\.yaml:10:\d+ invalid-image: /);
    const bad = await shop.comment(pull);
    expect(bad).toContain("### gitfleet: invalid, 1 problem");
    expect(bad).toContain(`${shop.github.webUrl}/shop/fleet/blob/${head}/deployments/web.yaml#L10`);
    const fixed = await shop.github.push({
      branch: "change",
      files: { [WEB]: deploymentYaml("web", "r.example/web:1") },
    });
    await shop.status(fixed, "validate", "success");
    await shop.comment(pull, (body) => body.includes("3 added"));
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
    expect(shop.github.statusesOf(head)).toMatchObject([{ state: "failure" }]);
  });

  test("that was good alone is bad once another one is merged: it is judged again when main moves", async () => {
    const shop = await opened();
    const port = { service: 'ports: ["8080:80"]' };
    const one = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1", port) }, "one");
    const two = await proposed(shop, { [DB]: deploymentYaml("db", "r.example/db:1", port) }, "two");
    await shop.status(one.head, "validate", "success");
    await shop.status(two.head, "validate", "success");
    const body = await shop.comment(two.pull);
    await shop.github.merge(one.pull);
    expect(await shop.status(two.head, "validate", "failure")).toMatch(/^Merged into main: .* port-conflict: /);
    const now = await shop.comment(two.pull, (text) => text.includes("Problems once merged into `main`"));
    expect(now.slice(now.indexOf("| deployment"))).toBe(body.slice(body.indexOf("| deployment")));
  });

  test("that conflicts with main is neither good nor bad until that is resolved", async () => {
    const shop = await opened();
    const { pull, head } = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") });
    await shop.status(head, "validate", "success");
    await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:2") } });
    expect(await shop.status(head, "validate", "pending")).toContain("conflicts with main");
    await shop.comment(pull, (body) => body.includes("It conflicts with `main`"));
  });

  test("that would remove too much says so on top, and stays held until a trailer lets it through", async () => {
    const shop = await opened();
    await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    await shop.status((await shop.github.head("main"))!, "rollout", "success");
    const { pull } = await proposed(shop, { [WEB]: null });
    const comment = await shop.comment(pull);
    expect(comment).toContain("⛔ **It would be held**: this would remove 3 of 3 keys: nothing would be left");
    expect(comment).toContain("🗑️ **3 removals**: `web` stops there, containers included.");
    const merged = await shop.github.merge(pull);
    expect(await shop.status(merged, "rollout", "failure")).toMatch(/^Held, nothing changed: /);
    await shop.comment(pull, (body) => body.includes("held, nothing changed"));
    const allowed = await shop.github.push({
      files: { "README.md": "Yes.\n" },
      message: "Let it go\n\nGitfleet-Allow-Prune: true",
    });
    expect(await shop.status(allowed, "rollout", "success")).toBe("Nothing changes on any device");
    await shop.comment(pull, (body) => body.includes(": done"));
    expect(await shop.status(merged, "rollout", "success")).toBe("All 3 done");
  });

  test("may not send status files to the tracked branch", async () => {
    const shop = await opened();
    const fleet =
      "apiVersion: gitfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: shop}\nspec:\n  status: {branch: main}\n";
    const { head } = await proposed(shop, { "fleet.yaml": fleet });
    expect(await shop.status(head, "validate", "failure")).toContain(
      "spec.status.branch names the tracked branch main",
    );
  });
});

describe("a rollout", () => {
  test("with a failure names the device; the fix supersedes it and succeeds", async () => {
    const shop = await opened();
    const hostile = "pull: unauthorized @everyone <img src=x> <!-- gitfleet rollout --> `code`\n# title | cell";
    shop.answers.set("kiosk-2", ({ deployment }) => (deployment === "web" ? { fails: hostile } : "runs"));
    const first = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") }, "first");
    await shop.comment(first.pull);
    const merged = await shop.github.merge(first.pull);
    expect(await shop.status(merged, "rollout", "failure")).toMatch(
      /^1 of 3 failed: kiosk-2 web: pull: unauthorized @\u200beveryone/,
    );
    const told = await shop.comment(first.pull, (body) => body.includes("1 of 3 failed"));
    expect(told).toContain("| `kiosk-2` | `web` | ");
    expect(told).not.toContain("<!-- gitfleet rollout -->");
    expect(told.split("\n").filter((line) => line.startsWith("# title"))).toEqual([]);
    shop.answers.clear();
    const second = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:2") }, "second");
    await shop.comment(second.pull);
    const fixed = await shop.github.merge(second.pull);
    expect(await shop.status(fixed, "rollout", "success")).toBe("All 3 done");
    const last = await until("the first rollout to be superseded", () =>
      shop.github.statusesOf(merged).find(({ description }) => description?.startsWith("Superseded by")),
    );
    expect(last.state).toBe("failure");
    await shop.comment(first.pull, (body) => body.includes(`superseded by \`${fixed.slice(0, 7)}\``));
  });

  test("that a later commit overtakes is no success", async () => {
    const shop = await opened();
    shop.answers.set("kiosk-3", () => "silent");
    const first = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") }, "first");
    await shop.comment(first.pull);
    const merged = await shop.github.merge(first.pull);
    await until("2 of 3 to be told", () =>
      shop.github.statusesOf(merged).some(({ description }) => description === "2 of 3 done"),
    );
    shop.answers.clear();
    await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:2") } });
    expect(await shop.status(merged, "rollout", "error")).toMatch(/^Superseded by [0-9a-f]{7} after 0 of 3 done$/);
  });

  test("goes on for what a later commit leaves as it is", async () => {
    const shop = await opened();
    shop.answers.set("kiosk-3", ({ deployment }) => (deployment === "web" ? "silent" : "runs"));
    const first = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") }, "first");
    const merged = await shop.github.merge(first.pull);
    await shop.status(merged, "rollout", "pending");
    const later = await shop.github.push({ files: { [DB]: deploymentYaml("db", "r.example/db:1") } });
    expect(await shop.status(later, "rollout", "success")).toBe("All 3 done");
    shop.answers.clear();
    shop.answerAgain();
    expect(await shop.status(merged, "rollout", "success")).toBe("All 3 done");
  });

  test("does not wait for devices that are away, and says how many", async () => {
    const shop = await opened({ fleet: "  devices: {offlineAfter: 2s}" });
    shop.answers.set("kiosk-3", () => "away");
    const { pull } = await proposed(shop, { [WEB]: deploymentYaml("web", "r.example/web:1") });
    await shop.comment(pull);
    const merged = await shop.github.merge(pull);
    expect(await shop.status(merged, "rollout", "success")).toBe("2 of 3 done, 1 offline");
    await shop.comment(pull, (body) => body.includes(": done, 1 offline"));
    await shop.statusFile("status/README.md", (text) => text.includes("2 online, 1 offline"));
  });

  test("of a removal waits until the device has let go", async () => {
    const shop = await opened();
    const two = deploymentYaml("db", "r.example/db:1");
    await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1"), [DB]: two } });
    await shop.status((await shop.github.head("main"))!, "rollout", "success");
    const { pull } = await proposed(shop, { [WEB]: null });
    await shop.comment(pull);
    const merged = await shop.github.merge(pull, { method: "squash" });
    expect(await shop.status(merged, "rollout", "success")).toBe("All 3 done");
    await until(
      "its status file to go",
      async () => (await shop.github.fileAt("fleet-status", "status/deployments/web.yaml")) === null,
    );
  });

  test("of a rebased pull request is about all of its commits", async () => {
    const shop = await opened();
    await shop.github.push({ branch: "change", files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    const { pull } = await proposed(shop, { [DB]: deploymentYaml("db", "r.example/db:1") });
    await shop.comment(pull, (body) => body.includes("6 added"));
    const landed = await shop.github.merge(pull, { method: "rebase" });
    expect(await shop.status(landed, "rollout", "success")).toBe("All 6 done");
  });
});

describe("a push without a pull request", () => {
  test("gets both statuses", async () => {
    const shop = await opened();
    const pushed = await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    expect(await shop.status(pushed, "validate", "success")).toBe("Valid: 1 deployment, 3 devices");
    expect(await shop.status(pushed, "rollout", "success")).toBe("All 3 done");
  });

  test("that is invalid is red, changes nothing, and is told in the status files until it is fixed", async () => {
    const shop = await opened();
    const bad = await shop.github.push({ files: { [WEB]: deploymentYaml("web", "not an image") } });
    expect(await shop.status(bad, "validate", "failure")).toContain("invalid-image");
    expect(await shop.status(bad, "rollout", "failure")).toMatch(/^Refused, nothing changed: /);
    const readme = await shop.statusFile("status/README.md", (text) => text.includes("is **refused**"));
    expect(readme).toContain("What to do: fix the commit with another one, or revert it");
    const good = await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    expect(await shop.status(good, "rollout", "success")).toBe("All 3 done");
    await shop.statusFile("status/README.md", (text) => !text.includes("refused"));
    await until("the refused commit to be superseded", () =>
      shop.github.statusesOf(bad).some(({ description }) => description?.startsWith("Superseded by") === true),
    );
  });
});

interface Proposed {
  readonly pull: number;
  readonly head: string;
}

async function opened(options: ShopOptions = {}): Promise<Shop> {
  const shop = await Shop.open(options);
  onTestFinished(() => shop.close());
  shop.reconcile();
  shop.bot();
  return shop;
}

async function proposed(shop: Shop, files: Record<string, string | null>, branch = "change"): Promise<Proposed> {
  const head = await shop.github.push({ branch, files });
  const { number } = await shop.github.openPullRequest({ head: branch, title: branch });
  return { pull: number, head };
}
