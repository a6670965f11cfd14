/** Webhooks of the model: what they tell, how they are signed, and that they are sent once. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { verify } from "@octokit/webhooks-methods";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GithubModel } from "#sandbox/github-model/github-model.ts";
import { startCheckedGithubModel } from "./checked-model.ts";

const SECRET = "a secret for the tests";

interface Received {
  readonly event: string;
  readonly id: string;
  readonly signature: string;
  readonly text: string;
  readonly payload: Record<string, unknown>;
}

let github: GithubModel;
let receiver: Server;
let received: Received[];
let answerStatus: number;
let url: string;

beforeEach(async () => {
  received = [];
  answerStatus = 204;
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const header = (name: string): string => String(request.headers[name]);
      const [event, id, signature] = ["x-github-event", "x-github-delivery", "x-hub-signature-256"].map(header);
      received.push({
        event: event ?? "",
        id: id ?? "",
        signature: signature ?? "",
        text,
        payload: JSON.parse(text) as Received["payload"],
      });
      response.writeHead(answerStatus).end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  receiver.listen(0, "127.0.0.1", resolve);
  await promise;
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook`;
  github = await startCheckedGithubModel();
  await github.push({ files: { "fleet.yaml": "name: shop\n" } });
});
afterEach(async () => {
  receiver.close();
  receiver.closeAllConnections();
  await github.stop();
});

describe("what they tell", () => {
  test("the life of a pull request, in order, each with its pushes", async () => {
    github.addWebhook({ url, secret: SECRET });
    await github.push({ branch: "more", files: { "more.yaml": "1\n" } });
    await github.openPullRequest({ head: "more", title: "More" });
    await github.push({ branch: "more", files: { "more.yaml": "2\n" } });
    await github.close(1);
    await github.reopen(1);
    await github.merge(1);
    await github.deleteBranch("more");
    await github.settled();
    expect(received.map(({ event, payload }) => `${event} ${String(payload["action"] ?? payload["ref"])}`)).toEqual([
      "push refs/heads/more",
      "pull_request opened",
      "push refs/heads/more",
      "pull_request synchronize",
      "pull_request closed",
      "pull_request reopened",
      "pull_request closed",
      "push refs/heads/main",
      "push refs/heads/more",
    ]);
    expect(received[6]?.payload["pull_request"]).toMatchObject({ merged: true, number: 1 });
    expect(received.at(-1)?.payload).toMatchObject({ deleted: true, after: "0".repeat(40) });
  });

  test("a push says from where to where, and whether it rewrote", async () => {
    const before = await github.head("main");
    github.addWebhook({ url, secret: SECRET, events: ["push"] });
    const after = await github.push({ files: { "a.yaml": "a\n" }, message: "Add a" });
    await github.push({ from: String(before), files: { "b.yaml": "b\n" } });
    await github.settled();
    expect(received[0]?.payload).toMatchObject({
      before,
      after,
      forced: false,
      head_commit: { id: after, message: "Add a" },
    });
    expect(received[1]?.payload).toMatchObject({ before: after, forced: true });
  });
});

describe("how they come", () => {
  test("each with an id and a signature of its very bytes", async () => {
    github.addWebhook({ url, secret: SECRET });
    await github.push({ files: { "é.yaml": "é\n" }, message: "Schön" });
    await github.settled();
    const [delivery] = received;
    expect(delivery?.id).toBe(github.deliveries[0]?.id);
    expect(await verify(SECRET, delivery?.text ?? "", delivery?.signature ?? "")).toBe(true);
    expect(await verify("another secret", delivery?.text ?? "", delivery?.signature ?? "")).toBe(false);
  });

  test("only those that were asked for, to every receiver", async () => {
    github.addWebhook({ url, secret: SECRET, events: ["pull_request"] });
    github.addWebhook({ url: `${url}/2`, secret: SECRET, events: ["pull_request"] });
    await github.push({ branch: "more", files: { "more.yaml": "1\n" } });
    await github.openPullRequest({ head: "more", title: "More" });
    await github.settled();
    expect(received.map(({ event }) => event)).toEqual(["pull_request", "pull_request"]);
  });

  test("once, whatever the receiver answers; again only when a person sends it again", async () => {
    answerStatus = 500;
    github.addWebhook({ url, secret: SECRET });
    await github.push({ files: { "a.yaml": "a\n" } });
    await github.settled();
    expect(github.deliveries.map(({ status }) => status)).toEqual([500]);
    answerStatus = 204;
    github.redeliver(github.deliveries[0]?.id ?? "");
    await github.settled();
    expect(received.map(({ id }) => id)).toEqual([github.deliveries[0]?.id, github.deliveries[0]?.id]);
    expect(github.deliveries.map(({ status }) => status)).toEqual([204]);
  });

  test("not at all when they are lost, or nobody listens", async () => {
    github.addWebhook({ url, secret: SECRET });
    github.faults.loseWebhooks(1);
    await github.push({ files: { "a.yaml": "a\n" } });
    github.addWebhook({ url: "http://127.0.0.1:1/", secret: SECRET });
    await github.push({ files: { "b.yaml": "b\n" } });
    await github.settled();
    expect(received).toHaveLength(1);
    expect(github.deliveries.map(({ error }) => error?.split(":")[0] ?? null)).toEqual([
      "lost on the way",
      null,
      "TypeError",
    ]);
  });
});
