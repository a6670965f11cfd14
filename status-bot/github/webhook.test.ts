import { sign } from "@octokit/webhooks-methods";
import { describe, expect, test } from "vitest";
import { webhookHandler } from "./webhook.ts";

const SECRET = "s3cret";

/** The answer's status, and whether the bot was woken. */
async function told(event: string, body: string, secret = SECRET): Promise<string> {
  let woken = false;
  const handler = webhookHandler({ secret: SECRET, branch: "main", wake: () => (woken = true) });
  const headers = { "x-github-event": event, "x-hub-signature-256": await sign(secret, body) };
  const { status } = await handler({ headers, body: Buffer.from(body) });
  return `${status}${woken ? " woken" : ""}`;
}

describe("a signed message from GitHub", () => {
  test("wakes the bot for pull requests and for pushes to the tracked branch", async () => {
    expect(await told("pull_request", "{}")).toBe("202 woken");
    expect(await told("push", '{"ref":"refs/heads/main"}')).toBe("202 woken");
  });

  test("wakes nobody for other branches, its own status branch among them, and other events", async () => {
    expect(await told("push", '{"ref":"refs/heads/fleet-status"}')).toBe("202");
    expect(await told("push", '{"ref":"refs/heads/main-2"}')).toBe("202");
    expect(await told("push", "not json")).toBe("202");
    expect(await told("issue_comment", "{}")).toBe("202");
  });

  test("with another secret is refused and wakes nobody", async () => {
    expect(await told("pull_request", "{}", "wrong")).toBe("401");
  });
});
