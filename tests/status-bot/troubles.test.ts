/** What may go wrong around the bot: it is killed, doubled, cut off, limited; nothing is lost and nothing repeated. */
import { until } from "#sandbox/until.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { deploymentYaml, Shop, type ShopOptions } from "./shop.ts";

const WEB = "deployments/web.yaml";
const LISTS = ["GET /repos/{owner}/{repo}/pulls"];

describe("a bot that is restarted", () => {
  test("writes nothing that stands there already, neither before a merge nor after it", async () => {
    const shop = await opened();
    const first = shop.bot();
    const { pull } = await toldPull(shop);
    await first.stop();
    shop.github.requests.clear();
    const second = shop.bot();
    await looksAt(shop, 3);
    expect(writesOf(shop)).toEqual([]);
    const merged = await shop.github.merge(pull);
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
    await second.stop();
    shop.github.requests.clear();
    shop.bot();
    await looksAt(shop, 3);
    expect(writesOf(shop)).toEqual([]);
  });

  test("and was killed at any write comes to the same end, with one comment", async () => {
    const shop = await opened();
    const { pull, head } = await proposed(shop);
    let merged: string | null = null;
    for (let kills = 0; kills < 8; kills += 1) {
      shop.github.requests.clear();
      const bot = shop.botProcess();
      await until(`a write of bot ${kills}, or its end: ${bot.log().slice(-500)}`, () => {
        const isIdle = shop.github.requests.of(LISTS[0] ?? "").length >= 8;
        return writesOf(shop).length > 0 || isIdle;
      });
      await bot.kill();
      if (merged === null && shop.github.statusesOf(head).length > 0 && shop.github.commentsOf(pull).length > 0) {
        merged = await shop.github.merge(pull);
      }
    }
    shop.bot();
    expect(merged).not.toBeNull();
    expect(await shop.status(merged ?? "", "rollout", "success")).toBe("All 3 done");
    await shop.comment(pull, (body) => body.includes(": done"));
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
    expect(shop.github.statusHistoryOf(head).filter(({ state }) => state === "success")).toHaveLength(1);
  });
});

describe("a bot that comes late", () => {
  test("leaves alone what was merged before it came", async () => {
    const shop = await opened();
    const { pull } = await proposed(shop);
    const old = await shop.github.merge(pull);
    await shop.github.push({ files: { "README.md": "Later.\n" } });
    await shop.applied((await shop.github.head("main")) ?? "");
    shop.bot();
    await shop.status((await shop.github.head("main")) ?? "", "rollout", "success");
    await looksAt(shop, 3);
    expect(shop.github.commentsOf(pull)).toEqual([]);
    expect(shop.github.statusesOf(old)).toEqual([]);
  });

  test("tells of a merge that the reconciler has not come to", async () => {
    const shop = await Shop.open();
    onTestFinished(() => shop.close());
    const stop = shop.reconcile();
    await shop.applied((await shop.github.head("main")) ?? "");
    await stop();
    const { pull } = await proposed(shop);
    const merged = await shop.github.merge(pull);
    await shop.github.push({ files: { "README.md": "Later.\n" } });
    shop.bot();
    expect(await shop.status(merged, "rollout", "pending")).toBe("Waiting for the reconciler");
    shop.reconcile();
    expect(await shop.status(merged, "rollout", "success")).toBe("All 3 done");
    await shop.comment(pull, (body) => body.includes(": done"));
  });
});

describe("a bot without NATS", () => {
  test("judges pull requests all the same, and ends when it is told to", async () => {
    const shop = await opened();
    const bot = shop.bot({ nats: { servers: "nats://127.0.0.1:9" } });
    const { head } = await toldPull(shop);
    await bot.stop();
    expect(shop.github.statusesOf(head)).toMatchObject([{ state: "success" }]);
  });

  test("that goes away says nothing about devices until it is back", async () => {
    const shop = await opened();
    shop.bot();
    const { pull } = await toldPull(shop);
    await shop.nats.stop();
    const merged = await shop.github.merge(pull);
    await shop.status(merged, "validate", "success");
    expect(shop.github.statusesOf(merged).map(({ context }) => context)).toEqual(["gitfleet/validate"]);
    await shop.nats.start();
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
  });
});

describe("two bots at once", () => {
  test("leave one comment, the same statuses and one line of status commits", async () => {
    const shop = await opened();
    shop.bot();
    shop.bot();
    const { pull, head } = await proposed(shop);
    await shop.status(head, "validate", "success");
    await shop.comment(pull);
    const merged = await shop.github.merge(pull);
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
    await until("one comment to be left", () => shop.github.commentsOf(pull).length === 1);
    await shop.statusFile("status/deployments/web.yaml", (text) => text.includes("succeeded: 3"));
    await looksAt(shop, 6);
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
  });
});

describe("GitHub in trouble", () => {
  test("and down for a while: afterwards everything is told, once", async () => {
    const shop = await opened();
    shop.bot();
    await looksAt(shop, 1);
    shop.github.faults.down();
    const { pull, head } = await proposed(shop);
    shop.github.faults.up();
    await shop.status(head, "validate", "success");
    await shop.comment(pull);
    shop.github.faults.down();
    const merged = await shop.github.merge(pull);
    shop.github.faults.up();
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
  });

  test("that loses its answers gets no second comment", async () => {
    const shop = await opened();
    shop.github.faults.loseAnswer(3, "POST /repos/{owner}/{repo}/issues/{issue_number}/comments");
    shop.github.faults.loseAnswer(2, "POST /repos/{owner}/{repo}/statuses/{sha}");
    shop.bot();
    const { pull } = await toldPull(shop);
    const merged = await shop.github.merge(pull);
    shop.github.faults.loseAnswer(1, "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}");
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
    expect(shop.github.commentsOf(pull)).toHaveLength(1);
  });

  test("that answers with errors, or not whether a merge is possible, is asked again", async () => {
    const shop = await opened();
    shop.github.faults.fiveHundred(3);
    shop.github.faults.drop(2, "reads");
    shop.github.faults.pendingMergeability(2);
    shop.bot();
    await toldPull(shop);
    expect(shop.github.faults.pending()).toBe(0);
  });

  test("that asks for a pause gets it: no call before it is over", async () => {
    const shop = await opened();
    shop.github.faults.secondaryLimit(1, { retryAfterSeconds: 2, on: "writes" });
    shop.bot();
    await toldPull(shop);
    const all = shop.github.requests.all.filter(({ git }) => !git);
    const limited = all.findIndex(({ fault }) => fault !== null);
    const next = all.slice(limited + 1).find(({ write }) => write);
    expect(limited).toBeGreaterThanOrEqual(0);
    expect((next?.atMs ?? 0) - (all[limited]?.atMs ?? 0)).toBeGreaterThanOrEqual(1_900);
  });

  test("or not, tells with each answer how many requests it still takes, and the metrics tell it on", async () => {
    const shop = await opened();
    const port = await shop.freePort();
    shop.bot({ listen: `127.0.0.1:${port}` });
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(new RegExp(`^gitfleet_status_bot_forge_requests_${name} (\\d+)$`, "m").exec(text)?.[1]);
    };
    await until("the limit is known", async () => (await metric("limit")) === 5_000);
    const left = await metric("remaining");
    expect(left).toBeGreaterThan(4_000);
    expect(left).toBeLessThan(5_000);
  });

  test("and a rate limit that is used up is waited out", async () => {
    const shop = await opened();
    shop.github.exhaustRateLimit({ resetInSeconds: 2 });
    shop.bot();
    await toldPull(shop);
    expect(shop.github.requests.all.filter(({ status }) => status === 403).length).toBeLessThan(4);
  });
});

describe("a quiet repository", () => {
  test("costs no rate limit at all", async () => {
    const shop = await opened();
    shop.bot();
    const { pull } = await toldPull(shop);
    const merged = await shop.github.merge(pull);
    await shop.status(merged, "rollout", "success");
    await shop.comment(pull, (body) => body.includes(": done"));
    // What GitHub says of a pull request holds when the repository was pushed to last: status commits, too.
    await shop.statusFile("status/deployments/web.yaml", (text) => text.includes("succeeded: 3"));
    await looksAt(shop, 2);
    shop.github.requests.clear();
    await looksAt(shop, 5);
    expect(shop.github.requests.costing().map(({ path }) => path)).toEqual([]);
  });
});

describe("a comment of the bot", () => {
  test("that a person deletes comes back with the next change, and one that only looks like it is left alone", async () => {
    const shop = await opened();
    shop.bot();
    const { pull } = await toldPull(shop);
    const [own] = shop.github.commentsOf(pull);
    const fake = shop.github.comment(pull, own?.body.replace("3 added", "0 added") ?? "", "mallory");
    shop.github.deleteComment(own?.id ?? 0);
    await shop.github.push({ branch: "change", files: { [WEB]: deploymentYaml("web", "r.example/web:2") } });
    await shop.comment(pull, (body) => body.includes("web:2"));
    const comments = shop.github.commentsOf(pull);
    expect(comments.map(({ author }) => author.login)).toEqual(["mallory", "octocat"]);
    expect(comments.find(({ id }) => id === fake)?.body).toContain("0 added");
  });
});

describe("a GitHub App", () => {
  test("puts problems beside their lines, and takes them back when they are gone", async () => {
    const shop = await opened();
    const app = shop.github.installApp();
    const keyFile = await shop.secretFile("app.pem", app.privateKey);
    shop.bot({ githubToken: undefined, githubAppId: String(app.id), githubAppKeyFile: keyFile });
    const { head, pull } = await proposed(shop, "not an image");
    await shop.status(head, "validate", "failure");
    const run = await until("annotations", () => shop.github.checkRunsOf(head).at(-1));
    expect(run.conclusion).toBe("failure");
    expect(run.annotations).toMatchObject([{ path: WEB, start_line: 10, annotation_level: "failure" }]);
    expect((await shop.comment(pull)).length).toBeGreaterThan(0);
    expect(shop.github.commentsOf(pull)[0]?.author.login).toBe(app.login);
    const fixed = await shop.github.push({
      branch: "change",
      files: { [WEB]: deploymentYaml("web", "r.example/web:1") },
    });
    await shop.status(fixed, "validate", "success");
    const merged = await shop.github.merge(pull);
    await shop.status(merged, "rollout", "success");
    await shop.statusFile("status/deployments/web.yaml", (text) => text.includes("succeeded: 3"));
  });
});

describe("a webhook", () => {
  test("wakes the bot where its signature is right; what it says is not trusted", async () => {
    const shop = await opened();
    const secretFile = await shop.secretFile("webhook", "s3cret");
    const port = await shop.freePort();
    shop.bot({ pollInterval: "1h", listen: `127.0.0.1:${port}`, webhookSecretFile: secretFile });
    await looksAt(shop, 1);
    shop.github.addWebhook({ url: `http://127.0.0.1:${port}/webhook`, secret: "wrong" });
    const { head } = await proposed(shop);
    await until("a refused webhook", () => shop.github.deliveries.some(({ status }) => status === 401));
    expect(shop.github.statusesOf(head)).toEqual([]);
    shop.github.addWebhook({ url: `http://127.0.0.1:${port}/webhook`, secret: "s3cret" });
    const next = await shop.github.push({
      branch: "change",
      files: { [WEB]: deploymentYaml("web", "r.example/web:2") },
    });
    await shop.status(next, "validate", "success");
  });
});

describe("a bot without a forge", () => {
  test("keeps the status branch of a repository on this machine", async () => {
    const shop = await opened();
    await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    shop.bot({ repo: shop.github.gitPath, github: undefined });
    await shop.statusFile("status/deployments/web.yaml", (text) => text.includes("succeeded: 3"));
    const fleet = await shop.statusFile("status/fleet.yaml", (text) => text.includes(`applied: "`));
    expect(fleet).toContain("total: 3\n  online: 3");
    expect(shop.github.requests.all.filter(({ git }) => !git)).toEqual([]);
  });

  test("does not wake the reconciler, whose branch stays where it was", async () => {
    const shop = await opened();
    const head = await shop.github.push({ files: { [WEB]: deploymentYaml("web", "r.example/web:1") } });
    shop.bot({ repo: shop.github.gitPath, github: undefined });
    const fleet = await shop.statusFile("status/fleet.yaml", (text) => text.includes(`applied: "${head}"`));
    expect(fleet).toContain(`head: "${head}"`);
    expect(await shop.github.head("main")).toBe(head);
  });
});

describe("a dry run", () => {
  test("prints every write and makes none", async () => {
    const shop = await opened();
    const printed: string[] = [];
    shop.bot({ dryRun: true }, (text) => void printed.push(text));
    const { pull, head } = await proposed(shop);
    await until("the comment to be printed", () =>
      printed.some((text) => text.startsWith(`would comment on #${pull}:`)),
    );
    await until("the status to be printed", () =>
      printed.some((text) => text.startsWith(`would set the status gitfleet/validate of ${head}: success`)),
    );
    await until("the status files to be printed", () =>
      printed.some(
        (text) => text.startsWith("would commit to fleet-status:") && text.includes("--- status/README.md\n# "),
      ),
    );
    expect(writesOf(shop)).toEqual([]);
    expect(await shop.github.head("fleet-status")).toBeNull();
  });
});

async function opened(options: ShopOptions = {}): Promise<Shop> {
  const shop = await Shop.open(options);
  onTestFinished(() => shop.close());
  shop.reconcile();
  return shop;
}

async function proposed(shop: Shop, image = "r.example/web:1"): Promise<{ pull: number; head: string }> {
  const head = await shop.github.push({ branch: "change", files: { [WEB]: deploymentYaml("web", image) } });
  const { number } = await shop.github.openPullRequest({ head: "change", title: "Change" });
  return { pull: number, head };
}

/** A pull request that the bot has judged and commented on. */
async function toldPull(shop: Shop): Promise<{ pull: number; head: string }> {
  const told = await proposed(shop);
  await shop.status(told.head, "validate", "success");
  await shop.comment(told.pull);
  return told;
}

/** Resolves when the bot has looked at the list of pull requests so many times more. */
async function looksAt(shop: Shop, times: number): Promise<void> {
  const count = (): number =>
    shop.github.requests.of(LISTS[0] ?? "").filter(({ path }) => path.includes("state=open")).length;
  const before = count();
  await until(`${times} more looks`, () => count() >= before + times);
}

function writesOf(shop: Shop): string[] {
  return shop.github.requests.writes().map(({ method, path }) => `${method} ${path}`);
}
