/** What GitHub does to a client that asks too much, and what the way to GitHub does to everyone. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { appClientOf, clientOf, FLEET, refusalOf, type Refusal } from "./clients.ts";

const LIST = "GET /repos/{owner}/{repo}/pulls";
const COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";

let github: GithubModel;
let octokit: Octokit;
let nowMs: number;

beforeEach(async () => {
  // The App signs by the real clock.
  nowMs = Math.floor(Date.now() / 1_000) * 1_000;
  github = await startCheckedGithubModel({ nowMs: () => nowMs });
  octokit = clientOf(github);
  await github.push({ files: { "fleet.yaml": "name: shop\n" } });
  await github.push({ branch: "more", files: { "more.yaml": "more\n" } });
  await github.openPullRequest({ head: "more", title: "More" });
});
afterEach(() => github.stop());

describe("conditional requests", () => {
  const list = (headers: Record<string, string> = {}) => octokit.rest.pulls.list({ ...FLEET, headers });

  test("answer 304 while nothing changed, and cost no rate limit", async () => {
    const { headers } = await list();
    const etag = headers.etag ?? "";
    expect(etag).toMatch(/^W\/"/);
    const before = (await octokit.rest.rateLimit.get()).data.rate.used;
    expect((await refusalOf(list({ "if-none-match": etag }))).status).toBe(304);
    expect((await octokit.rest.rateLimit.get()).data.rate.used).toBe(before);
    expect(github.requests.costing().filter(({ operation }) => operation === LIST)).toHaveLength(1);
    nowMs += 1_000;
    await github.push({ branch: "more", files: { "more.yaml": "even more\n" } });
    expect((await list({ "if-none-match": etag })).status).toBe(200);
  });

  test("do not carry over from one token to the next", async () => {
    const etag = (await list()).headers.etag ?? "";
    const other = clientOf(github, github.addToken({ login: github.login }));
    expect((await other.rest.pulls.list({ ...FLEET, headers: { "if-none-match": etag } })).status).toBe(200);
  });
});

describe("the hourly limit", () => {
  test("is counted down in the headers, for each account, and given back with the hour", async () => {
    const first = (await octokit.rest.repos.get(FLEET)).headers;
    const second = (await octokit.rest.repos.get(FLEET)).headers;
    expect([first, second].map((headers) => headers["x-ratelimit-remaining"])).toEqual(["4999", "4998"]);
    expect(second).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-used": "2",
      "x-ratelimit-resource": "core",
    });
    const sameAccount = clientOf(github, github.addToken({ login: github.login }));
    expect((await sameAccount.rest.repos.get(FLEET)).headers["x-ratelimit-used"]).toBe("3");
    const other = clientOf(github, github.addToken({ login: "hubot" }));
    expect((await other.rest.repos.get(FLEET)).headers["x-ratelimit-used"]).toBe("1");
    nowMs += 3_600_001;
    expect((await octokit.rest.repos.get(FLEET)).headers["x-ratelimit-used"]).toBe("1");
  });

  test.each([403, 429] as const)("used up it answers %i with the time of the next, whoever asks", async (status) => {
    github.exhaustRateLimit({ resetInSeconds: 30, status });
    const refused = await refusalOf(octokit.rest.repos.get(FLEET));
    expect(refused).toMatchObject({ status, message: expect.stringContaining("API rate limit exceeded") });
    expect(refused.headers).toMatchObject({
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(nowMs / 1000 + 30),
    });
    expect(refused.headers["retry-after"]).toBeUndefined();
    expect((await octokit.rest.rateLimit.get()).data.rate.remaining).toBe(0);
    nowMs += 30_001;
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
  });
});

describe("the secondary limits", () => {
  test("come when ordered, with Retry-After or without", async () => {
    github.faults.secondaryLimit(1, { retryAfterSeconds: 7, on: "writes" });
    github.faults.secondaryLimit(1, { status: 429, retryAfterSeconds: null, on: "writes" });
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
    const [first, second] = [await refusalOf(comment()), await refusalOf(comment())];
    expect(first).toMatchObject({ status: 403, message: expect.stringContaining("secondary rate limit") });
    expect([first.headers["retry-after"], second.status, second.headers["retry-after"]]).toEqual(["7", 429, undefined]);
    expect((await comment()).status).toBe(201);
    expect(github.faults.pending()).toBe(0);
  });

  test("come by themselves for 80 comments a minute, not for 80 edits", async () => {
    for (let count = 0; count < 80; count += 1) await comment();
    expect(await refusalOf(comment())).toMatchObject({ status: 403, headers: { "retry-after": "60" } });
    nowMs += 61_000;
    const { id } = (await comment()).data;
    for (let count = 0; count < 81; count += 1) {
      await octokit.rest.issues.updateComment({ ...FLEET, comment_id: id, body: String(count) });
    }
    expect(github.commentsOf(1)).toHaveLength(81);
  });

  test("come by themselves for 900 points a minute, of which a write costs 5", async () => {
    const sha = (await github.head("main")) ?? "";
    const write = () => octokit.rest.repos.createCommitStatus({ ...FLEET, sha, state: "pending" });
    for (let count = 0; count < 180; count += 1) await write();
    const refused = await refusalOf(write());
    expect(refused.message).toContain("secondary rate limit");
    expect((await refusalOf(octokit.rest.repos.get(FLEET))).status).toBe(403);
    nowMs += 61_000;
    expect((await write()).status).toBe(201);
  });
});

describe("faults on the way", () => {
  test("a 5xx comes as often as ordered, where ordered", async () => {
    github.faults.fiveHundred(2, { on: LIST });
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
    expect((await refusalOf(octokit.rest.pulls.list(FLEET))).status).toBe(502);
    expect((await refusalOf(octokit.rest.pulls.list(FLEET))).status).toBe(502);
    expect((await octokit.rest.pulls.list(FLEET)).status).toBe(200);
    expect(github.requests.of(LIST).map(({ status }) => status)).toEqual([502, 502, 200]);
  });

  test("a dropped request is not carried out, a lost answer is", async () => {
    github.faults.drop(1, COMMENT);
    expect(await failureOf(comment())).toBe("no answer");
    expect(github.commentsOf(1)).toHaveLength(0);
    github.faults.loseAnswer(1, COMMENT);
    expect(await failureOf(comment())).toBe("no answer");
    expect(github.commentsOf(1)).toHaveLength(1);
    expect(github.requests.writes().map(({ operation, fault }) => `${operation} ${fault}`)).toEqual([
      `${COMMENT} lose-answer`,
    ]);
  });

  test("a stalled request waits until the client gives up or the fault ends", async () => {
    github.faults.stall(2);
    const arrived = async (count: number): Promise<void> => {
      await expect.poll(() => github.requests.of("GET /repos/{owner}/{repo}").length, { timeout: 10_000 }).toBe(count);
    };
    const patience = new AbortController();
    const given = failureOf(octokit.rest.repos.get({ ...FLEET, request: { signal: patience.signal } }));
    await arrived(1);
    patience.abort();
    expect(await given).toBe("no answer");
    const cut = failureOf(octokit.rest.repos.get(FLEET));
    await arrived(2);
    github.faults.up();
    expect(await cut).toBe("no answer");
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
  });

  test("down is down for everything, and then up again as if nothing had been", async () => {
    github.faults.down();
    expect(await failureOf(octokit.rest.repos.get(FLEET))).toBe("no answer");
    expect(await failureOf(fetch(`${github.gitUrl}/info/refs?service=git-upload-pack`))).toBe("no answer");
    github.faults.up();
    expect((await octokit.rest.pulls.list(FLEET)).data).toHaveLength(1);
  });

  test("an App meets them too, while it asks for its token", async () => {
    const app = github.installApp();
    github.faults.fiveHundred(1, { status: 500, on: "POST /app/installations/{installation_id}/access_tokens" });
    expect((await refusalOf(appClientOf(github, app).rest.repos.get(FLEET))).status).toBe(500);
    expect((await appClientOf(github, app).rest.repos.get(FLEET)).status).toBe(200);
  });
});

describe("a client that sent half of a request", () => {
  const half = async (path: string, type: string): Promise<Socket> => {
    const { hostname, port } = new URL(github.url);
    const socket = connect(Number(port), hostname);
    const token = Buffer.from(`x-access-token:${github.token}`).toString("base64");
    const headers = [`authorization: Basic ${token}`, `content-type: ${type}`, "content-length: 1000"];
    const sent = [`POST ${path} HTTP/1.1`, "host: github", ...headers, "", "0000"].join("\r\n");
    await new Promise<void>((resolve) => socket.write(sent, () => resolve()));
    return socket;
  };

  test("of a push keeps nobody waiting, whether it stays or goes away", async () => {
    const client = await half(
      `${new URL(github.gitUrl).pathname}/git-receive-pack`,
      "application/x-git-receive-pack-request",
    );
    await expect.poll(() => github.requests.git().length, { timeout: 10_000 }).toBe(1);
    await github.push({ files: { "stays.yaml": "stays\n" } });
    client.destroy();
    await github.push({ files: { "gone.yaml": "gone\n" } });
    expect(github.requests.git().map(({ status }) => status)).toEqual([null]);
  });

  test("of the API and goes away is no mistake of the model", async () => {
    const client = await half(
      `${new URL(github.url).pathname}/repos/${github.fullName}/issues/1/comments`,
      "application/json",
    );
    client.destroy();
    await once(client, "close");
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
    expect(github.commentsOf(1)).toEqual([]);
    expect(github.violations).toEqual([]);
  });
});

function comment() {
  return octokit.rest.issues.createComment({ ...FLEET, issue_number: 1, body: "hello" });
}

/** Whether a request ended with an answer or without. */
async function failureOf(request: Promise<unknown>): Promise<"no answer" | Refusal> {
  try {
    return await refusalOf(request);
  } catch (error) {
    if (error instanceof Error && !error.message.includes("should have been refused")) return "no answer";
    throw error;
  }
}
