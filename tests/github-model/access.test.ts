/** Who may see and do what: tokens, the App and its installation. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstalledApp } from "#sandbox/github-model/founding.ts";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { appClientOf, clientOf, FLEET, refusalOf, strangerOf } from "./clients.ts";

let github: GithubModel;
let sha: string;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.now();
  github = await startCheckedGithubModel({ repositories: ["shop/fleet", "shop/secret"], nowMs: () => nowMs });
  sha = await github.push({ files: { "fleet.yaml": "name: shop\n" } });
  await github.push({ branch: "more", files: { "more.yaml": "more\n" } });
  await github.openPullRequest({ head: "more", title: "More" });
});
afterEach(() => github.stop());

describe("tokens", () => {
  test("a stranger does not learn of a private repository, and may not ask who they are", async () => {
    expect((await refusalOf(strangerOf(github).rest.repos.get(FLEET))).status).toBe(404);
    expect((await refusalOf(strangerOf(github).rest.users.getAuthenticated())).status).toBe(401);
  });

  test("an unknown or revoked token is 401", async () => {
    expect(await refusalOf(clientOf(github, "wrong").rest.repos.get(FLEET))).toMatchObject({
      status: 401,
      message: expect.stringContaining("Bad credentials"),
    });
    const token = github.addToken({ login: "hubot" });
    expect((await clientOf(github, token).rest.users.getAuthenticated()).data.login).toBe("hubot");
    github.revokeToken(token);
    expect((await refusalOf(clientOf(github, token).rest.users.getAuthenticated())).status).toBe(401);
  });

  test("a token for other repositories sees 404, one without the permission 403 with what it lacks", async () => {
    const elsewhere = clientOf(github, github.addToken({ login: "hubot", repositories: ["shop/secret"] }));
    expect((await refusalOf(elsewhere.rest.pulls.list(FLEET))).status).toBe(404);
    const reader = clientOf(
      github,
      github.addToken({ login: "hubot", permissions: { pull_requests: "read", statuses: "read" } }),
    );
    expect((await reader.rest.pulls.list(FLEET)).data).toHaveLength(1);
    const refused = await refusalOf(reader.rest.repos.createCommitStatus({ ...FLEET, sha, state: "success" }));
    expect(refused).toMatchObject({
      status: 403,
      message: expect.stringContaining("Resource not accessible by personal access token"),
    });
    expect(refused.headers["x-accepted-github-permissions"]).toBe("statuses=write");
    expect((await refusalOf(reader.rest.repos.getBranch({ ...FLEET, branch: "main" }))).status).toBe(403);
  });

  test("what is not there is 404 for everyone", async () => {
    const octokit = clientOf(github);
    expect((await refusalOf(octokit.rest.repos.get({ owner: "shop", repo: "none" }))).status).toBe(404);
    expect((await refusalOf(octokit.rest.pulls.get({ ...FLEET, pull_number: 99 }))).status).toBe(404);
    expect((await refusalOf(octokit.rest.repos.getBranch({ ...FLEET, branch: "none" }))).status).toBe(404);
  });
});

test("anybody reads a public repository, and nobody without a token writes", async () => {
  await using open = await startCheckedGithubModel({ private: false });
  await open.push({ files: { "fleet.yaml": "name: shop\n" } });
  expect((await strangerOf(open).rest.repos.get(FLEET)).data.visibility).toBe("public");
  const comment = strangerOf(open).rest.issues.createComment({ ...FLEET, issue_number: 1, body: "x" });
  expect((await refusalOf(comment)).status).toBe(404);
});

describe("the App", () => {
  let app: InstalledApp;
  beforeEach(() => {
    app = github.installApp();
  });

  test("speaks as itself with its key, and as its bot with a token of its installation", async () => {
    const client = appClientOf(github, app);
    expect((await client.rest.apps.getAuthenticated()).data).toMatchObject({ id: app.id, slug: "gitfleet" });
    const { data: installation } = await client.rest.apps.getRepoInstallation(FLEET);
    expect(installation.id).toBe(app.installationId);
    const { data: comment } = await client.rest.issues.createComment({ ...FLEET, issue_number: 1, body: "hello" });
    expect(comment).toMatchObject({
      user: { login: "gitfleet[bot]", type: "Bot" },
      performed_via_github_app: { id: app.id },
    });
    expect((await client.rest.apps.listReposAccessibleToInstallation()).data.total_count).toBe(2);
    expect((await refusalOf(client.rest.users.getAuthenticated())).status).toBe(403);
  });

  test("edits its own comments alone", async () => {
    const id = github.comment(1, "mine", "hubot");
    const edit = appClientOf(github, app).rest.issues.updateComment({ ...FLEET, comment_id: id, body: "yours" });
    expect((await refusalOf(edit)).message).toContain("Resource not accessible by integration");
  });

  test("gets tokens that end after an hour, for fewer repositories or permissions where asked", async () => {
    const client = appClientOf(github, app);
    const ask = async (narrow: object) =>
      (await client.rest.apps.createInstallationAccessToken({ installation_id: app.installationId, ...narrow })).data;
    const { token } = await ask({ repositories: ["secret"], permissions: { statuses: "write" } });
    expect((await refusalOf(clientOf(github, token).rest.repos.get(FLEET))).status).toBe(404);
    expect((await clientOf(github, token).rest.repos.get({ owner: "shop", repo: "secret" })).status).toBe(200);
    const whole = clientOf(github, (await ask({})).token);
    expect((await whole.rest.repos.get(FLEET)).status).toBe(200);
    nowMs += 3_600_001;
    expect((await refusalOf(whole.rest.repos.get(FLEET))).status).toBe(401);
    expect((await refusalOf(ask({}))).status).toBe(401);
  });

  test("loses its tokens when they are revoked and gets another", async () => {
    const asked = appClientOf(github, app).rest.apps.createInstallationAccessToken({
      installation_id: app.installationId,
    });
    const { token } = (await asked).data;
    app.revokeTokens();
    expect((await refusalOf(clientOf(github, token).rest.repos.get(FLEET))).status).toBe(401);
    expect((await appClientOf(github, app).rest.repos.get(FLEET)).status).toBe(200);
  });

  test.each([
    ["signed with another key", () => ({ key: anotherKey() }), "could not be decoded"],
    ["of another App", () => ({ app: 4_711 }), "Integration not found"],
    ["that has ended", () => ({ from: -600, to: -1 }), "'Expiration time' claim ('exp') must be"],
    ["that lives too long", () => ({ to: 700 }), "'Expiration time' claim ('exp') is too far in the future"],
    ["from the future", () => ({ from: 300 }), "'Issued at' claim ('iat')"],
  ] as const)("is refused with a web token %s", async (_which, change, message) => {
    const { key = app.privateKey, app: issuer = app.id, from = -30, to = 500 } = change() as Partial<Claims>;
    const now = Math.floor(nowMs / 1000);
    const token = signed({ iat: now + from, exp: now + to, iss: issuer }, key);
    const refused = await refusalOf(clientOf(github, token).rest.apps.getAuthenticated());
    expect(refused).toMatchObject({ status: 401, message: expect.stringContaining(message) });
  });
});

interface Claims {
  readonly key: string;
  readonly app: number;
  readonly from: number;
  readonly to: number;
}

function anotherKey(): string {
  return generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs1", format: "pem" })
    .toString();
}

function signed(claims: object, key: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key, "base64url")}`;
}
