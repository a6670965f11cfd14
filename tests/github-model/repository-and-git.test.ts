/** The repository behind the model: branches, commits and comparisons over the API, clones and pushes with real git. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { clientOf, FLEET, judgedPull, refusalOf } from "./clients.ts";

const run = promisify(execFile);

let github: GithubModel;
let octokit: Octokit;
let folder: string;
let first: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gitfleet-github-test-"));
  github = await startCheckedGithubModel();
  octokit = clientOf(github);
  first = await github.push({ files: { "fleet.yaml": "name: shop\n" }, message: "Begin" });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await github.stop();
});

describe("over the API", () => {
  test("branches, refs and commits are found by name, also with slashes in it", async () => {
    const tip = await github.push({ branch: "team/kiosk", files: { "a.yaml": "a\n" }, message: "Add a" });
    const branches = (await octokit.rest.repos.listBranches(FLEET)).data;
    expect(branches.map(({ name, commit }) => [name, commit.sha])).toEqual([
      ["main", first],
      ["team/kiosk", tip],
    ]);
    expect((await octokit.rest.repos.getBranch({ ...FLEET, branch: "team/kiosk" })).data.commit.sha).toBe(tip);
    expect((await octokit.rest.git.getRef({ ...FLEET, ref: "heads/team/kiosk" })).data.object.sha).toBe(tip);
    expect((await octokit.rest.repos.getCommit({ ...FLEET, ref: "team/kiosk" })).data.commit.message).toBe("Add a");
    const matching = (await octokit.rest.git.listMatchingRefs({ ...FLEET, ref: "heads/team" })).data;
    expect(matching.map(({ ref }) => ref)).toEqual(["refs/heads/team/kiosk"]);
    expect((await octokit.rest.repos.listCommits({ ...FLEET, sha: "team/kiosk" })).data.map(({ sha }) => sha)).toEqual([
      tip,
      first,
    ]);
  });

  test("a comparison knows the merge base, both sides, and the files of one", async () => {
    const mine = await github.push({ branch: "mine", files: { "a.yaml": "a\n" } });
    await github.push({ files: { "b.yaml": "b\n" } });
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...FLEET, basehead: "main...mine" });
    expect(data).toMatchObject({ status: "diverged", ahead_by: 1, behind_by: 1, merge_base_commit: { sha: first } });
    expect(data.commits.map(({ sha }) => sha)).toEqual([mine]);
    expect(data.files?.map(({ filename, status }) => `${status} ${filename}`)).toEqual(["added a.yaml"]);
  });

  test("renames and removals are told apart", async () => {
    const text = `${Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n")}\n`;
    await github.push({ files: { "old.yaml": text, "gone.yaml": "x\n" } });
    const sha = await github.push({ files: { "old.yaml": null, "new.yaml": text, "gone.yaml": null } });
    const { data } = await octokit.rest.repos.getCommit({ ...FLEET, ref: sha });
    expect(data.files?.map(({ filename, status, previous_filename: from }) => [filename, status, from])).toEqual([
      ["gone.yaml", "removed", undefined],
      ["new.yaml", "renamed", "old.yaml"],
    ]);
  });

  test("an empty repository says that it is empty", async () => {
    await using empty = await startCheckedGithubModel();
    expect((await refusalOf(clientOf(empty).rest.repos.listCommits(FLEET))).status).toBe(409);
  });
});

describe("with git", () => {
  const git = async (...args: string[]): Promise<string> => {
    const env = { PATH: process.env["PATH"], HOME: folder, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" };
    const { stdout } = await run("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { env });
    return stdout.trim();
  };
  const withToken = (token: string): string => github.gitUrl.replace("://", `://x-access-token:${token}@`);

  test("a token clones and pushes, and the push moves the pull request", async () => {
    const clone = join(folder, "clone");
    await git("clone", "--quiet", withToken(github.token), clone);
    await git("-C", clone, "switch", "--quiet", "-c", "more");
    for (const text of ["one\n", "two\n"]) {
      await writeFile(join(clone, "more.yaml"), text);
      await git("-C", clone, "add", ".");
      await git("-C", clone, "commit", "--quiet", "-m", `Write ${text.trim()}`);
      await git("-C", clone, "push", "--quiet", "origin", "more");
      if (text === "one\n") await github.openPullRequest({ head: "more", title: "More" });
    }
    const sha = await git("-C", clone, "rev-parse", "HEAD");
    expect(await judgedPull(github, octokit, 1)).toMatchObject({ head: { sha }, commits: 2, mergeable: true });
    await git("-C", clone, "fetch", "--quiet", "origin", "refs/pull/1/merge");
    expect(await git("-C", clone, "show", "FETCH_HEAD:more.yaml")).toBe("two");
    const merged = await github.merge(1);
    await git("-C", clone, "fetch", "--quiet", "origin", "main");
    expect(await git("-C", clone, "rev-parse", "FETCH_HEAD")).toBe(merged);
  });

  test("nobody pushes to refs/pull, and a lost race is refused as by git", async () => {
    const clone = join(folder, "clone");
    await git("clone", "--quiet", withToken(github.token), clone);
    await expect(git("-C", clone, "push", "origin", "HEAD:refs/pull/9/head")).rejects.toThrow(
      "deny updating a hidden ref",
    );
    await github.push({ files: { "other.yaml": "other\n" } });
    await git("-C", clone, "commit", "--quiet", "--allow-empty", "-m", "Late");
    await expect(git("-C", clone, "push", "origin", "main")).rejects.toThrow("[rejected]");
  });

  test("without a token or with a bad one it asks to sign in, with too little it refuses", async () => {
    const reader = github.addToken({ login: "hubot", permissions: { contents: "read" } });
    const elsewhere = github.addToken({ login: "hubot", repositories: [] });
    const ask = async (token: string | null, service: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
      const headers: Record<string, string> = token === null ? {} : { authorization };
      return (await fetch(`${github.gitUrl}/info/refs?service=${service}`, { headers })).status;
    };
    expect(await ask(null, "git-upload-pack")).toBe(401);
    expect(await ask("wrong", "git-upload-pack")).toBe(401);
    expect(await ask(reader, "git-upload-pack")).toBe(200);
    expect(await ask(reader, "git-receive-pack")).toBe(403);
    expect(await ask(elsewhere, "git-upload-pack")).toBe(404);
  });

  test("faults can be ordered for git alone", async () => {
    github.faults.fiveHundred(1, { status: 503, on: "git" });
    expect((await octokit.rest.repos.get(FLEET)).status).toBe(200);
    await expect(git("ls-remote", withToken(github.token))).rejects.toThrow("503");
    expect(await git("ls-remote", withToken(github.token), "refs/heads/main")).toContain(first);
    expect(github.requests.git().length).toBeGreaterThan(1);
  });
});

test("people see the pull request, its statuses and comments on a page, with everything escaped", async () => {
  const sha = await github.push({ branch: "more", files: { "more.yaml": "more\n" } });
  await github.openPullRequest({ head: "more", title: "<b>More</b>" });
  await octokit.rest.repos.createCommitStatus({ ...FLEET, sha, state: "success", context: "gitfleet/validate" });
  github.comment(1, "<script>alert(1)</script>");
  const { data } = await octokit.rest.pulls.get({ ...FLEET, pull_number: 1 });
  const page = await (await fetch(data.html_url)).text();
  expect(page).toContain("#1 &lt;b&gt;More&lt;/b&gt;");
  expect(page).toContain("gitfleet/validate");
  expect(page).not.toContain("<script>");
  expect((await fetch(`${github.webUrl}/shop/none`)).status).toBe(404);
});
