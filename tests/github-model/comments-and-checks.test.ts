/** Comments, commit statuses and check runs of the model, with GitHub's limits. */
import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { timestamp } from "#sandbox/github-model/timestamp.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { appClientOf, clientOf, FLEET, refusalOf } from "./clients.ts";

const LONGEST_COMMENT = 65_536;

let github: GithubModel;
let octokit: Octokit;
let sha: string;
let nowMs: number;

beforeEach(async () => {
  // The App signs by the real clock.
  nowMs = Math.floor(Date.now() / 1_000) * 1_000;
  github = await startCheckedGithubModel({ nowMs: () => nowMs, limits: { pointsPerMinute: 100_000 } });
  octokit = clientOf(github);
  await github.push({ files: { "fleet.yaml": "name: shop\n" } });
  sha = await github.push({ branch: "more", files: { "more.yaml": "more\n" } });
  await github.openPullRequest({ head: "more", title: "More" });
});
afterEach(() => github.stop());

describe("comments", () => {
  test("are created, read, edited and deleted", async () => {
    const { data } = await octokit.rest.issues.createComment({ ...FLEET, issue_number: 1, body: "one" });
    const createdAt = timestamp(nowMs);
    nowMs += 5_000;
    await octokit.rest.issues.updateComment({ ...FLEET, comment_id: data.id, body: "two" });
    const read = (await octokit.rest.issues.getComment({ ...FLEET, comment_id: data.id })).data;
    expect(read).toMatchObject({ body: "two", created_at: createdAt, updated_at: timestamp(nowMs) });
    expect(github.commentsOf(1).map(({ body, author }) => [author.login, body])).toEqual([["octocat", "two"]]);
    await octokit.rest.issues.deleteComment({ ...FLEET, comment_id: data.id });
    expect((await refusalOf(octokit.rest.issues.getComment({ ...FLEET, comment_id: data.id }))).status).toBe(404);
    expect(github.commentsOf(1)).toEqual([]);
  });

  test("are listed oldest first, in pages, and since a time", async () => {
    for (const body of ["a", "b", "c"]) {
      github.comment(1, body, "hubot");
      nowMs += 1_000;
    }
    const first = await octokit.rest.issues.listComments({ ...FLEET, issue_number: 1, per_page: 2 });
    expect(first.data.map(({ body }) => body)).toEqual(["a", "b"]);
    const all = await octokit.paginate(octokit.rest.issues.listComments, { ...FLEET, issue_number: 1, per_page: 2 });
    expect(all.map(({ body, user }) => `${user?.login} ${body}`)).toEqual(["hubot a", "hubot b", "hubot c"]);
    const since = timestamp(nowMs - 2_000);
    const recent = await octokit.rest.issues.listComments({ ...FLEET, issue_number: 1, since });
    expect(recent.data.map(({ body }) => body)).toEqual(["b", "c"]);
    const everywhere = await octokit.rest.issues.listCommentsForRepo({ ...FLEET, sort: "updated", direction: "desc" });
    expect(everywhere.data.map(({ body }) => body)).toEqual(["c", "b", "a"]);
  });

  test("hold 65,536 characters and not one more, nor none", async () => {
    const write = (body: string) => octokit.rest.issues.createComment({ ...FLEET, issue_number: 1, body });
    const { data } = await write("é".repeat(LONGEST_COMMENT));
    expect(data.body).toHaveLength(LONGEST_COMMENT);
    const refused = await refusalOf(write("x".repeat(LONGEST_COMMENT + 1)));
    expect(refused).toMatchObject({
      status: 422,
      message: expect.stringContaining("Body is too long (maximum is 65536 characters)"),
    });
    expect((await refusalOf(write(" "))).status).toBe(422);
    const longer = octokit.rest.issues.updateComment({
      ...FLEET,
      comment_id: data.id,
      body: "x".repeat(LONGEST_COMMENT + 1),
    });
    expect((await refusalOf(longer)).status).toBe(422);
  });

  test("need a pull request that is there", async () => {
    expect((await refusalOf(octokit.rest.issues.createComment({ ...FLEET, issue_number: 9, body: "x" }))).status).toBe(
      404,
    );
  });
});

describe("commit statuses", () => {
  const set = (state: "pending" | "success" | "failure", context: string, more = {}) =>
    octokit.rest.repos.createCommitStatus({ ...FLEET, sha, state, context, ...more });

  test("the latest of each context counts, and together they are a combined state", async () => {
    const combined = async () => (await octokit.rest.repos.getCombinedStatusForRef({ ...FLEET, ref: "more" })).data;
    expect(await combined()).toMatchObject({ state: "pending", total_count: 0, sha });
    await set("pending", "a", { description: "waits", target_url: "https://example.com/a" });
    await set("success", "b");
    expect((await combined()).state).toBe("pending");
    await set("success", "a");
    expect(await combined()).toMatchObject({ state: "success", total_count: 2 });
    await set("failure", "b");
    expect((await combined()).state).toBe("failure");
    const history = await octokit.rest.repos.listCommitStatusesForRef({ ...FLEET, ref: sha });
    expect(history.data.map(({ context, state }) => `${context} ${state}`)).toEqual([
      "b failure",
      "a success",
      "b success",
      "a pending",
    ]);
    expect(github.statusesOf(sha).map(({ context, state }) => `${context} ${state}`)).toEqual([
      "a success",
      "b failure",
    ]);
    expect(github.statusHistoryOf(sha)).toHaveLength(4);
  });

  test("have descriptions of at most 140 characters", async () => {
    expect((await set("success", "a", { description: "é".repeat(140) })).data.description).toHaveLength(140);
    const refused = await refusalOf(set("success", "a", { description: "x".repeat(141) }));
    expect(refused).toMatchObject({
      status: 422,
      message: expect.stringContaining("description is too long (maximum is 140 characters)"),
    });
  });

  test("stop at 1,000 of one sha and context", async () => {
    for (let count = 0; count < 1_000; count += 50) {
      await Promise.all(Array.from({ length: 50 }, () => set("pending", "often")));
    }
    expect((await refusalOf(set("success", "often"))).message).toContain(
      "This SHA and context has reached the maximum number of statuses.",
    );
    expect((await set("success", "other")).status).toBe(201);
  });

  test("need a whole sha of a commit that is there, and a web address", async () => {
    const on = (other: string) => octokit.rest.repos.createCommitStatus({ ...FLEET, sha: other, state: "success" });
    expect((await refusalOf(on("f".repeat(40)))).message).toContain("No commit found for SHA");
    expect((await refusalOf(on(sha.slice(0, 12)))).status).toBe(422);
    expect((await refusalOf(set("success", "a", { target_url: "ftp://example.com" }))).message).toContain(
      "must use http(s) scheme",
    );
  });
});

describe("check runs", () => {
  const annotation = (line: number) => ({
    path: "more.yaml",
    start_line: line,
    end_line: line,
    annotation_level: "failure" as const,
    message: `line ${line}`,
  });
  const lines = (from: number, count: number) => Array.from({ length: count }, (_, index) => annotation(from + index));

  test("are written by an App alone", async () => {
    const refused = await refusalOf(octokit.rest.checks.create({ ...FLEET, name: "validate", head_sha: sha }));
    expect(refused).toMatchObject({
      status: 403,
      message: expect.stringContaining("You must authenticate via a GitHub App."),
    });
  });

  test("go from queued to completed and gather annotations, 50 at a time", async () => {
    const app = appClientOf(github, github.installApp());
    const output = { title: "60 problems", summary: "See below." };
    const { data } = await app.rest.checks.create({ ...FLEET, name: "validate", head_sha: sha, status: "in_progress" });
    expect(data).toMatchObject({
      status: "in_progress",
      conclusion: null,
      completed_at: null,
      app: { slug: "gitfleet" },
    });
    const update = (annotations: ReturnType<typeof lines>) =>
      app.rest.checks.update({ ...FLEET, check_run_id: data.id, output: { ...output, annotations } });
    await update(lines(1, 50));
    await update(lines(51, 10));
    const done = await app.rest.checks.update({ ...FLEET, check_run_id: data.id, conclusion: "failure" });
    expect(done.data).toMatchObject({ status: "completed", conclusion: "failure", output: { annotations_count: 60 } });
    const all = await app.paginate(app.rest.checks.listAnnotations, { ...FLEET, check_run_id: data.id });
    expect(all.map(({ message }) => message)).toEqual(lines(1, 60).map(({ message }) => message));
  });

  test("refuse 51 annotations in one request, and the description says so too", async () => {
    const app = appClientOf(github, github.installApp());
    const output = { title: "t", summary: "s", annotations: lines(1, 51) };
    expect((await refusalOf(app.rest.checks.create({ ...FLEET, name: "v", head_sha: sha, output }))).status).toBe(422);
    expect(github.takeViolations()).toEqual([
      expect.stringContaining("/output/annotations must NOT have more than 50 items"),
    ]);
  });

  test("are listed for a commit, the latest of each name", async () => {
    const app = appClientOf(github, github.installApp());
    for (const conclusion of ["failure", "success"] as const) {
      await app.rest.checks.create({ ...FLEET, name: "validate", head_sha: sha, conclusion });
    }
    await app.rest.checks.create({ ...FLEET, name: "other", head_sha: sha });
    const { data } = await app.rest.checks.listForRef({ ...FLEET, ref: "more" });
    expect(data.check_runs.map(({ name, conclusion }) => `${name} ${conclusion}`)).toEqual([
      "validate success",
      "other null",
    ]);
    const all = await app.rest.checks.listForRef({ ...FLEET, ref: sha, filter: "all", check_name: "validate" });
    expect(all.data.total_count).toBe(2);
    expect(github.checkRunsOf(sha)).toHaveLength(3);
  });
});
