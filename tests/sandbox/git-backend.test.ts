/** Git servers of the sandbox leave no git behind, whatever their clients do. */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { GitRepository } from "#sandbox/git-repository.ts";
import { startGitServer } from "#sandbox/git-server.ts";
import { startGithubModel } from "#sandbox/github-model/github-model.ts";
import { scratchFolder } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";

/** How many processes serve the repositories below a folder. */
function backendsOf(root: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`GIT_PROJECT_ROOT=${root}`);
    } catch {
      return false;
    }
  }).length;
}

/** Begins to push, and goes away once that is seen, before it has sent all that it announced. */
async function goAway(port: number, path: string, authorization: string, isSeen: () => boolean): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const headers = [
    `POST ${path}/git-receive-pack HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Basic ${Buffer.from(authorization).toString("base64")}`,
    "Content-Type: application/x-git-receive-pack-request",
    "Content-Length: 1000",
  ];
  socket.write(`${headers.join("\r\n")}\r\n\r\n0000`);
  await until("the request is seen", isSeen);
  socket.destroy();
}

describe("a client that goes away in the middle of a push", () => {
  test("leaves no git behind at the git server", async () => {
    const scratch = scratchFolder("git");
    onTestFinished(() => scratch.remove());
    new GitRepository(`${scratch.path}/fleet`).commit("first", { "a.txt": "a" });
    await using server = await startGitServer({ root: scratch.path });
    await goAway(server.port, "/fleet/.git", "git:", () => server.requests.length > 0);
    await until("no git is left", () => backendsOf(scratch.path) === 0);
    expect(server.requests).toHaveLength(1);
  });

  test("leaves no git behind at the model of GitHub, which takes the next push", async () => {
    const github = await startGithubModel();
    onTestFinished(async () => await github.stop());
    await github.push({ files: { "a.txt": "a" }, message: "Begin" });
    const url = new URL(github.webUrl);
    const isSeen = (): boolean => github.requests.git().length > 0;
    await goAway(Number(url.port), `/${github.fullName}.git`, `x-access-token:${github.token}`, isSeen);
    await until("no git is left", () => backendsOf(github.gitPath) === 0);
    expect(await github.push({ files: { "b.txt": "b" }, message: "Next" })).toMatch(/^[0-9a-f]{40}$/);
  });
});
