/** What podman's errors mean, in one line with what to do. Judged by `cause` and status: the texts differ by version. */
import type { Problem } from "../core/event.ts";
import { withoutSecrets } from "../core/one-line.ts";

const UNREACHABLE_CODES = new Set([
  "ENOENT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EACCES",
  "ABORT_ERR",
  "ETIMEDOUT",
  "UND_ERR",
]);
const TEXT_MAX = 600;

/** The status of an answer, or null where there was none. */
export function statusOf(error: unknown): number | null {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : null;
}

/** True where the thing is not there (any more). */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Already so: started, stopped. dockerode rejects with it. */
export function isUnchanged(error: unknown): boolean {
  return statusOf(error) === 304;
}

/** podman's own words, the shortest that say it. */
export function causeOf(error: unknown): string {
  const { json, message } = (error ?? {}) as {
    json?: { cause?: unknown; message?: unknown } | null;
    message?: unknown;
  };
  const parts = [json?.cause, json?.message, message].filter((part) => typeof part === "string" && part !== "");
  return String(parts[0] ?? error).replace(/^\(HTTP code \d+\) [^-]*- /, "");
}

/** All of podman's words: some messages hold what `cause` leaves out. */
export function fullText(error: unknown): string {
  const { json, message } = (error ?? {}) as { json?: { message?: unknown } | null; message?: unknown };
  return [json?.message, message].filter((part) => typeof part === "string").join(" ");
}

/** The port is taken, or leaked by a start that failed before. */
export function isPortTaken(error: unknown): boolean {
  return /address already in use|port is already allocated/i.test(fullText(error));
}

/** No answer came: nothing is known about what was asked. */
export function isUnreachable(error: unknown): boolean {
  if (statusOf(error) !== null) return false;
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  if (typeof code === "string" && UNREACHABLE_CODES.has(code)) return true;
  return name === "AbortError" || name === "TimeoutError" || /socket hang up|aborted/i.test(String(message));
}

/** The problem that an error is; `doing` completes "cannot …". */
export function problemOf(error: unknown, doing: string, socketPath: string): Problem {
  if (isUnreachable(error)) {
    const { code, name } = error as { code?: string; name?: string };
    const reason = code ?? name ?? "no answer";
    return {
      kind: "unreachable",
      error: `cannot ${doing}: podman does not answer on ${socketPath} (${reason}); start it: systemctl enable --now podman.socket`,
    };
  }
  const cause = withoutSecrets(causeOf(error));
  const kind =
    statusOf(error) === 404 && /image not known|no such image/i.test(`${cause} ${fullText(error)}`)
      ? "image-missing"
      : "failed";
  const advice = adviceFor(`${cause} ${fullText(error)}`);
  return { kind, error: `cannot ${doing}: ${cause.slice(0, TEXT_MAX)}${advice === null ? "" : `; ${advice}`}` };
}

/** What to do about what podman says, the first that fits. */
export const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /no space left on device|disk is full|disk quota/i,
    "the disk is full: free space (podman system prune, journalctl --vacuum-size) or use smaller images",
  ],
  [
    /address already in use|already allocated/i,
    "the port is taken: free it (ss -ltnp shows by whom) or publish another one",
  ],
  [
    /manifest unknown|name unknown|not found in manifest|no image found in/i,
    "check the name, the tag and the architecture of the image",
  ],
  [
    /unauthorized|authentication required|denied/i,
    "log in on the device: podman login, or put credentials into its auth.json",
  ],
  [
    /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|TLS handshake/i,
    "the registry cannot be reached from this device: check its address and the network",
  ],
  [/x509|certificate/i, "the registry's certificate is not trusted on this device"],
  [
    /server gave HTTP response to HTTPS client/i,
    "the registry speaks plain http: allow it in /etc/containers/registries.conf (insecure = true)",
  ],
  [
    /command that was not found|executable file.*not found|no such file or directory/i,
    "check command, paths and the image",
  ],
  [/catatonit|init binary/i, "install catatonit on the device"],
];

function adviceFor(text: string): string | null {
  return ADVICE.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** An error that already is one line with what to do. */
export class AdvisedError extends Error {
  override readonly name = "AdvisedError";
}
