/** That the model is really held to GitHub's description: each kind of mismatch is seen and fails the test that made it. */
import { describe, expect, test } from "vitest";
import type { Exchange } from "#sandbox/github-model/exchange.ts";
import { ROUTES } from "#sandbox/github-model/routes/all-routes.ts";
import { startCheckedGithubModel } from "./checked-model.ts";
import { clientOf, FLEET } from "./clients.ts";
import { publishedDescription } from "./published-description.ts";

const inspector = publishedDescription();
const inspect = (exchange: Exchange): string[] => inspector.exchange(exchange);
const COMMENTS = "/repos/shop/fleet/issues/1/comments";

describe("a mismatch", () => {
  test.each<[string, Partial<Exchange>, string]>([
    ["an unknown query parameter", { path: "/repos/shop/fleet/pulls?stat=open" }, 'additional properties "stat"'],
    [
      "a value that is not in the list",
      { path: "/repos/shop/fleet/pulls?state=opn" },
      "/state must be equal to one of the allowed values open, closed, all",
    ],
    ["a number that is none", { path: "/repos/shop/fleet/pulls?page=two" }, "/page must be integer"],
    ["an answer that lacks a field", { responseBody: [{ id: 1 }] }, "answer/0 must have required property"],
    ["an answer of the wrong kind", { responseBody: { id: 1 } }, "answer must be array"],
    ["a status that the operation does not have", { status: 418 }, "no answer 418"],
    ["an operation that the model does not have", { operation: null }, "the model has no such operation"],
    [
      "an operation that GitHub does not have",
      { operation: "GET /repos/{owner}/{repo}/fleets" },
      "GitHub's description has no such operation",
    ],
    ["a body where there is none", { status: 304, responseBody: [] }, "should have none"],
  ])("is %s", (_what, change, sentence) => {
    expect(inspect(pullList(change)).join("\n")).toContain(sentence);
  });

  test.each<[string, unknown, string]>([
    ["a request without its field", {}, "request must have required property 'body'"],
    ["a request with a field that GitHub does not know", { body: "x", text: "y" }, 'additional properties "text"'],
    ["a request with a field of the wrong type", { body: 1 }, "request/body must be string"],
    ["no request body at all", undefined, "the request has no body"],
  ])("is %s", (_what, requestBody, sentence) => {
    const operation = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
    const params = { owner: "shop", repo: "fleet", issue_number: "1" };
    const posted = { ...pullList({}), method: "POST", path: COMMENTS, operation, params, requestBody, status: 403 };
    const responseBody = { message: "Forbidden", documentation_url: "https://docs.github.com/rest", status: "403" };
    expect(inspect({ ...posted, responseBody })[0]).toContain(sentence);
  });

  test("is a webhook that lacks a field, or that GitHub does not send", () => {
    const sent = { id: "1", target: "", status: null, error: null };
    expect(inspector.delivery({ ...sent, event: "push", payload: {} })[0]).toContain(
      "webhook push must have required property",
    );
    expect(inspector.delivery({ ...sent, event: "pull_request", payload: { action: "eaten" } })[0]).toContain(
      "no such event",
    );
  });

  test("fails the test when the model is stopped", async () => {
    const github = await startCheckedGithubModel();
    await clientOf(github)
      .request("GET /repos/{owner}/{repo}/fleets", FLEET)
      .catch(() => undefined);
    await expect(github.stop()).rejects.toThrow("not as GitHub describes it:\n- GET /repos/shop/fleet/fleets → 404");
  });
});

test("what agrees has no violation", () => {
  expect(inspect(pullList({ path: "/repos/shop/fleet/pulls?state=open&per_page=100" }))).toEqual([]);
});

test("every operation of the model is one of GitHub's", () => {
  const unknown = ROUTES.map(({ operation }) => operation).filter((operation) =>
    inspect(pullList({ operation, status: null })).some((sentence) => sentence.includes("no such operation")),
  );
  expect(unknown).toEqual([]);
});

function pullList(change: Partial<Exchange>): Exchange {
  return {
    method: "GET",
    path: "/repos/shop/fleet/pulls",
    operation: "GET /repos/{owner}/{repo}/pulls",
    params: { owner: "shop", repo: "fleet" },
    git: false,
    write: false,
    atMs: 0,
    requestBody: undefined,
    status: 200,
    responseBody: [],
    fault: null,
    ...change,
  };
}
