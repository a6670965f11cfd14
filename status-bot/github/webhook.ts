/** `POST /webhook`: a signed message from GitHub wakes the bot. What it says is not trusted: the bot looks for itself. */
import { verify } from "@octokit/webhooks-methods";
import type { RouteAnswer, RouteRequest } from "#runtime/health-server.ts";

export interface WebhookOptions {
  /** Null refuses everything. */
  readonly secret: string | null;
  /** The tracked branch: a push to another one, such as the bot's own to the status branch, wakes nobody. */
  readonly branch: string;
  readonly wake: () => void;
}

/** The route's handler. */
export function webhookHandler({
  secret,
  branch,
  wake,
}: WebhookOptions): (request: RouteRequest) => Promise<RouteAnswer> {
  return async ({ headers, body }) => {
    if (secret === null) return { status: 403, text: "webhooks are off: give the bot --webhook-secret-file\n" };
    const signature = headers["x-hub-signature-256"];
    if (typeof signature !== "string" || !(await isSigned(secret, body.toString("utf8"), signature))) {
      return { status: 401, text: "the signature does not match the secret\n" };
    }
    if (mayMatter(String(headers["x-github-event"]), body.toString("utf8"), branch)) wake();
    return { status: 202, text: "ok\n" };
  };
}

// Commits of a pull request come as an event of the pull request.
function mayMatter(event: string, body: string, branch: string): boolean {
  return event === "pull_request" || (event === "push" && pushedRef(body) === `refs/heads/${branch}`);
}

function pushedRef(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly ref?: unknown } | null)?.ref;
  } catch {
    return undefined;
  }
}

async function isSigned(secret: string, body: string, signature: string): Promise<boolean> {
  try {
    return await verify(secret, body, signature);
  } catch {
    // What is no signature at all.
    return false;
  }
}
