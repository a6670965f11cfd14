/** The address of a remote repository and what opens it, kept apart: the address may be shown, the credential never. */
import { GitError } from "./git-error.ts";

export interface RemoteAddress {
  /** Without user, password, query and trailing slash. */
  readonly url: string;
  /** What stood before the `@`, or null. */
  readonly credential: string | null;
}

/** GitHub and GitLab take any user name beside a token; this is GitHub's. */
const TOKEN_USER = "x-access-token";
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const SCP_LIKE = /^[^/\s]+@[^/:\s]+:(?!\/\/)/;

/** True for what is a URL (or looks like git's `user@host:path`), not a path on this machine. */
export function isRemote(repo: string): boolean {
  return SCHEME.test(repo) || SCP_LIKE.test(repo);
}

/** Takes an http(s) URL apart. Throws `unsupported` for every other scheme; the message holds no credential. */
export function remoteAddress(repo: string): RemoteAddress {
  const scheme = SCP_LIKE.test(repo) ? "ssh" : (SCHEME.exec(repo)?.[1] ?? "").toLowerCase();
  if (scheme !== "http" && scheme !== "https") {
    throw new GitError("unsupported", `http, https and local paths only: ${scheme}:// is not supported`, {
      hint: "Forges offer an https address for every repository; put a read-only token in --git-token-file.",
    });
  }
  // URL's own error would repeat the text, password included.
  if (!URL.canParse(repo)) throw new GitError("unsupported", "the repository's URL cannot be understood");
  const url = new URL(repo);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  const credential = user === "" && password === "" ? null : password === "" ? user : `${user}:${password}`;
  return { url: `${url.origin}${url.pathname.replace(/\/+$/, "")}`, credential };
}

/** The Authorization header for a token (`user:password` is taken as it is). */
export function authorizationOf(credential: string): string {
  const pair = credential.includes(":") ? credential : `${TOKEN_USER}:${credential}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}
