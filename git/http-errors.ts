/** What an answer or the lack of one means, in words that say whose turn it is. */
import { GitError } from "./git-error.ts";

const RETRIED = "It is asked again by itself.";

/** An answer with a status that is neither success nor redirect. */
export function statusError(url: string, status: number, retryAfter?: string): GitError {
  const said = `${url} answers ${status}`;
  switch (status) {
    case 401:
      return new GitError("unauthorized", `${said}: it wants a (valid) token`, {
        hint: "Put a token that may read the repository in the file of --git-token-file, or in GITFLEET_GIT_TOKEN.",
      });
    case 403:
      return new GitError("forbidden", `${said}: the token may not read this repository`, {
        hint: "Give the token read access to the repository's contents.",
      });
    case 404:
    case 410:
      return new GitError("not-found", `${said}: there is no such repository, or the token may not see it`, {
        hint: "Check --repo and the token.",
      });
    case 429:
      return new GitError(
        "rate-limited",
        `${said}: too many requests${retryAfter === undefined ? "" : `, retry after ${retryAfter}`}`,
        {
          hint: "Poll less often with --poll-interval, or use the webhook.",
        },
      );
    default:
      if (status >= 500) return new GitError("server-error", `${said}: the server has a problem`, { hint: RETRIED });
      return new GitError("refused-by-server", said, { hint: "Check --repo." });
  }
}

/** Redirects are not followed: a token must not travel to a place nobody named. */
export function redirectError(url: string, location: string | undefined): GitError {
  const target = URL.canParse(location ?? "", url) ? new URL(location ?? "", url) : null;
  const where = target === null ? "another place" : `${target.origin}${target.pathname}`;
  const moved = where.replace(/\/info\/refs$/, "");
  return new GitError("redirected", `${url} redirects to ${moved}`, { hint: `If that is right, use --repo ${moved}.` });
}

/** No answer, or not all of it. */
export function networkError(url: string, cause: unknown): GitError {
  const code = codeOf(cause);
  const host = new URL(url).host;
  if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "EPIPE") {
    return new GitError("truncated", `${host} closed the connection in the middle`, { cause, hint: RETRIED });
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|ISSUER|SIGNATURE/.test(code)) {
    return new GitError("unreachable", `the certificate of ${host} is not trusted (${code})`, {
      cause,
      hint: "Name the authority that signed it with --git-ca FILE.",
    });
  }
  if (code.startsWith("HPE_")) return new GitError("not-git", `${host} does not speak HTTP (${code})`, { cause });
  return new GitError("unreachable", `${host} cannot be reached (${code === "" ? "no answer" : code})`, {
    cause,
    hint: RETRIED,
  });
}

function codeOf(cause: unknown): string {
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return "";
}
