/** `POST /webhook`: a signed message from GitHub wakes the bot. What it says is not trusted: the bot looks for itself. */
import { verify } from "@octokit/webhooks-methods";
import type { RouteAnswer, RouteRequest } from "#runtime/health-server.ts";

/** Events after which something may have changed that the bot decides upon. */
const WAKING = new Set(["push", "pull_request"]);

/** The route's handler. `secret` null refuses everything. */
export function webhookHandler(
  secret: string | null,
  wake: () => void,
): (request: RouteRequest) => Promise<RouteAnswer> {
  return async ({ headers, body }) => {
    if (secret === null) return { status: 403, text: "webhooks are off: give the bot --webhook-secret-file\n" };
    const signature = headers["x-hub-signature-256"];
    if (typeof signature !== "string" || !(await isSigned(secret, body.toString("utf8"), signature))) {
      return { status: 401, text: "the signature does not match the secret\n" };
    }
    if (WAKING.has(String(headers["x-github-event"]))) wake();
    return { status: 202, text: "ok\n" };
  };
}

async function isSigned(secret: string, body: string, signature: string): Promise<boolean> {
  try {
    return await verify(secret, body, signature);
  } catch {
    // What is no signature at all.
    return false;
  }
}
