/** Pull requests of the model: opened, listed, judged, merged, closed. */
import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { clientOf, FLEET, judgedPull, refusalOf } from "./clients.ts";

let github: GithubModel;
let octokit: Octokit;

beforeEach(async () => {
  github = await startCheckedGithubModel();
  octokit = clientOf(github);
  await github.push({ files: { "fleet.yaml": "name: shop\n", "devices/a.yaml": "1\n2\n3\n" }, message: "Begin" });
});
afterEach(() => github.stop());

describe("a new pull request", () => {
  test("is open, counts what it changes, and has its head under refs/pull", async () => {
    const head = await github.push({ branch: "more", files: { "devices/a.yaml": "1\n2\n4\n5\n", "b.yaml": "b\n" } });
    const { data } = await octokit.rest.pulls.create({
      ...FLEET,
      head: "more",
      base: "main",
      title: "More",
      body: "Why",
    });
    expect(data).toMatchObject({ number: 1, state: "open", title: "More", body: "Why", merged: false, commits: 1 });
    expect(data).toMatchObject({ additions: 3, deletions: 1, changed_files: 2, head: { sha: head, ref: "more" } });
    expect(await github.head("refs/pull/1/head")).toBe(head);
    const files = (await octokit.rest.pulls.listFiles({ ...FLEET, pull_number: 1 })).data;
    expect(files.map(({ filename, status, additions, deletions }) => [filename, status, additions, deletions])).toEqual(
      [
        ["b.yaml", "added", 1, 0],
        ["devices/a.yaml", "modified", 2, 1],
      ],
    );
    expect((await octokit.rest.pulls.listCommits({ ...FLEET, pull_number: 1 })).data.map(({ sha }) => sha)).toEqual([
      head,
    ]);
  });

  test("is refused without commits, without its branch, and when there is one already", async () => {
    await github.push({ branch: "same", files: {}, from: "main" });
    await github.push({ branch: "more", files: { "b.yaml": "b\n" } });
    await octokit.rest.pulls.create({ ...FLEET, head: "more", base: "main", title: "One" });
    const open = (head: string) => refusalOf(octokit.rest.pulls.create({ ...FLEET, head, base: "main", title: "T" }));
    expect(await open("more")).toMatchObject({
      status: 422,
      message: expect.stringContaining("A pull request already exists for shop:more"),
    });
    expect(await open("gone")).toMatchObject({ status: 422, message: expect.stringContaining('"field":"head"') });
    expect((await open("main")).message).toContain("No commits between main and main");
  });

  test("has no mergeable until the background job has run, whoever asks first", async () => {
    await openChange("more");
    github.faults.pendingMergeability(1);
    const early = (await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 })).data;
    expect(early).toMatchObject({ mergeable: null, mergeable_state: "unknown" });
    expect(await judgedPull(github, octokit, 1)).toMatchObject({ mergeable: true, mergeable_state: "clean" });
  });
});

describe("the merge ref", () => {
  test("is the merge of base and head, and the sha of the test merge", async () => {
    const base = await github.head("main");
    const head = await openChange("more");
    const { merge_commit_sha: sha } = await judgedPull(github, octokit, 1);
    expect(await github.head("refs/pull/1/merge")).toBe(sha);
    const { data } = await octokit.rest.repos.getCommit({ ...FLEET, ref: sha ?? "" });
    expect(data.parents.map((parent) => parent.sha)).toEqual([base, head]);
    expect(await github.fileAt("refs/pull/1/merge", "more.yaml")).toBe("more\n");
  });

  test("stays as it was when the base moves, until somebody asks", async () => {
    await openChange("more");
    const before = (await judgedPull(github, octokit, 1)).merge_commit_sha;
    await github.push({ files: { "other.yaml": "other\n" } });
    await github.settled();
    expect(await github.head("refs/pull/1/merge")).toBe(before);
    expect((await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 })).data.mergeable).toBeNull();
    const after = (await judgedPull(github, octokit, 1)).merge_commit_sha;
    expect(after).not.toBe(before);
    expect(await github.fileAt("refs/pull/1/merge", "other.yaml")).toBe("other\n");
  });

  test("is not there for what conflicts from the start", async () => {
    await github.push({ branch: "mine", files: { "fleet.yaml": "name: mine\n" } });
    await github.push({ files: { "fleet.yaml": "name: yours\n" } });
    await github.openPullRequest({ head: "mine", title: "Mine" });
    expect(await judgedPull(github, octokit, 1)).toMatchObject({
      mergeable: false,
      mergeable_state: "dirty",
      merge_commit_sha: null,
    });
    expect(await github.head("refs/pull/1/merge")).toBeNull();
    const refused = await refusalOf(octokit.rest.pulls.merge({ ...FLEET, pull_number: 1 }));
    expect(refused).toMatchObject({ status: 405, message: expect.stringContaining("Pull Request is not mergeable") });
  });

  test("is left stale when a conflict comes later, so that mergeable alone tells", async () => {
    await github.push({ branch: "mine", files: { "fleet.yaml": "name: mine\n" } });
    await github.openPullRequest({ head: "mine", title: "Mine" });
    const before = (await judgedPull(github, octokit, 1)).merge_commit_sha;
    await github.push({ files: { "fleet.yaml": "name: yours\n" } });
    expect(await judgedPull(github, octokit, 1)).toMatchObject({ mergeable: false, merge_commit_sha: before });
    expect(await github.head("refs/pull/1/merge")).toBe(before);
  });
});

describe("a pull request that changes", () => {
  test("follows its branch, also when the branch is rewritten", async () => {
    await openChange("more");
    const next = await github.push({ branch: "more", files: { "more.yaml": "even more\n" } });
    expect((await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 })).data.head.sha).toBe(next);
    const rewritten = await github.push({ branch: "more", from: "main", files: { "less.yaml": "less\n" } });
    expect((await judgedPull(github, octokit, 1)).head.sha).toBe(rewritten);
    expect(await github.head("refs/pull/1/head")).toBe(rewritten);
    expect(await github.fileAt("refs/pull/1/merge", "more.yaml")).toBeNull();
  });

  test("is closed with its branch, keeps its head, loses its merge ref, and can be opened again with the branch", async () => {
    const head = await openChange("more");
    await judgedPull(github, octokit, 1);
    await octokit.rest.pulls.update({ ...FLEET, pull_number: 1, state: "closed" });
    expect(github.pullRequest(1).state).toBe("closed");
    expect([await github.head("refs/pull/1/head"), await github.head("refs/pull/1/merge")]).toEqual([head, null]);
    await octokit.rest.pulls.update({ ...FLEET, pull_number: 1, state: "open", title: "Again" });
    expect(github.pullRequest(1)).toMatchObject({ state: "open", title: "Again" });
    await github.deleteBranch("more");
    const { data } = await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 });
    expect(data).toMatchObject({ state: "closed", merged: false });
    expect((await refusalOf(octokit.rest.pulls.update({ ...FLEET, pull_number: 1, state: "open" }))).status).toBe(422);
  });

  test("can get another base", async () => {
    await github.push({ branch: "release", files: { "release.yaml": "1\n" } });
    await openChange("more");
    await octokit.rest.pulls.update({ ...FLEET, pull_number: 1, base: "release" });
    expect(await judgedPull(github, octokit, 1)).toMatchObject({
      base: { ref: "release", sha: await github.head("release") },
    });
    expect(await github.fileAt("refs/pull/1/merge", "release.yaml")).toBe("1\n");
  });
});

describe("merging", () => {
  test("by merge commit gives a commit with two parents and GitHub's words", async () => {
    const base = await github.head("main");
    const head = await openChange("more");
    const { data } = await octokit.rest.pulls.merge({ ...FLEET, pull_number: 1, sha: head });
    const commit = (await octokit.rest.repos.getCommit({ ...FLEET, ref: "main" })).data;
    expect(commit.sha).toBe(data.sha);
    expect(commit.parents.map(({ sha }) => sha)).toEqual([base, head]);
    expect(commit.commit.message).toBe("Merge pull request #1 from shop/more\n\nAdd more");
    const pull = (await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 })).data;
    expect(pull).toMatchObject({
      state: "closed",
      merged: true,
      merge_commit_sha: data.sha,
      merged_by: { login: "octocat" },
    });
    expect((await octokit.rest.pulls.checkIfMerged({ ...FLEET, pull_number: 1 })).status).toBe(204);
    expect(await github.head("refs/pull/1/merge")).toBeNull();
  });

  test("by squash gives one commit on the base", async () => {
    const base = await github.head("main");
    await openChange("more");
    await github.push({ branch: "more", files: { "two.yaml": "2\n" }, message: "Add two" });
    const sha = await github.merge(1, { method: "squash" });
    const commit = (await octokit.rest.repos.getCommit({ ...FLEET, ref: sha })).data;
    expect(commit.parents.map((parent) => parent.sha)).toEqual([base]);
    expect(commit.commit.message).toBe("Add more (#1)\n\n* Add more\n\n* Add two");
    expect(commit.files?.map(({ filename }) => filename)).toEqual(["more.yaml", "two.yaml"]);
  });

  test("by rebase puts each commit on a base that has moved", async () => {
    await openChange("more");
    await github.push({ branch: "more", files: { "devices/a.yaml": "0\n1\n2\n3\n" }, message: "Add zero" });
    const base = await github.push({ files: { "devices/a.yaml": "1\n2\n3\n4\n" }, message: "Add four" });
    await github.merge(1, { method: "rebase" });
    const { data } = await octokit.rest.repos.listCommits({ ...FLEET, per_page: 3 });
    expect(data.map(({ commit }) => commit.message)).toEqual(["Add zero", "Add more", "Add four"]);
    expect(data[2]?.sha).toBe(base);
    expect(await github.fileAt("main", "devices/a.yaml")).toBe("0\n1\n2\n3\n4\n");
  });

  test("is refused for a head that has moved, and while a required status is missing", async () => {
    const head = await openChange("more");
    github.protect("main", ["gitfleet/validate"]);
    const merge = (sha: string) => octokit.rest.pulls.merge({ ...FLEET, pull_number: 1, sha });
    expect((await refusalOf(merge("0".repeat(40)))).status).toBe(409);
    expect(await judgedPull(github, octokit, 1)).toMatchObject({ mergeable: true, mergeable_state: "blocked" });
    expect((await refusalOf(merge(head))).message).toContain('Required status check "gitfleet/validate" is expected.');
    await octokit.rest.repos.createCommitStatus({
      ...FLEET,
      sha: head,
      state: "success",
      context: "gitfleet/validate",
    });
    expect((await merge(head)).data.merged).toBe(true);
  });

  test("by somebody's own push of the head to the base counts as merged", async () => {
    const head = await openChange("more");
    await github.push({ branch: "main", from: "more", files: { "after.yaml": "1\n" } });
    expect((await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 })).data).toMatchObject({
      merged: true,
      head: { sha: head },
    });
  });
});

describe("the list", () => {
  test("is open ones, newest first; state, base, head and sort choose", async () => {
    await github.push({ branch: "release", files: { "r.yaml": "r\n" } });
    for (const name of ["one", "two", "three"]) await openChange(name);
    await openChange("four", "release");
    await github.close(2);
    const list = async (options: Parameters<typeof octokit.rest.pulls.list>[0]) =>
      (await octokit.rest.pulls.list(options)).data.map(({ number }) => number);
    expect(await list(FLEET)).toEqual([4, 3, 1]);
    expect(await list({ ...FLEET, direction: "asc" })).toEqual([1, 3, 4]);
    expect(await list({ ...FLEET, state: "closed" })).toEqual([2]);
    expect(await list({ ...FLEET, state: "all", base: "main" })).toEqual([3, 2, 1]);
    expect(await list({ ...FLEET, head: "shop:three" })).toEqual([3]);
    expect(await list({ ...FLEET, head: "three" })).toEqual([4, 3, 1]);
  });

  test("comes in pages that lead to each other", async () => {
    for (const name of ["one", "two", "three"]) await openChange(name);
    const first = await octokit.rest.pulls.list({ ...FLEET, per_page: 2 });
    expect(first.data.map(({ number }) => number)).toEqual([3, 2]);
    expect(first.headers.link).toContain('page=2>; rel="next"');
    const all = await octokit.paginate(octokit.rest.pulls.list, { ...FLEET, per_page: 2 });
    expect(all.map(({ number }) => number)).toEqual([3, 2, 1]);
  });
});

test("a commit leads to the pull requests that hold it, and once it has landed to the one that brought it", async () => {
  const head = await openChange("more");
  const of = async (sha: string) =>
    (await octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...FLEET, commit_sha: sha })).data.map(
      ({ number }) => number,
    );
  expect(await of(head)).toEqual([1]);
  const landed = await github.merge(1, { method: "squash" });
  expect(await of(landed)).toEqual([1]);
  expect(await of(await github.push({ files: { "direct.yaml": "1\n" } }))).toEqual([]);
});

async function openChange(name: string, base = "main"): Promise<string> {
  const files = { [`${name}.yaml`]: `${name}\n` };
  const sha = await github.push({ branch: name, from: base, files, message: `Add ${name}` });
  await github.openPullRequest({ head: name, base, title: `Add ${name}` });
  return sha;
}
