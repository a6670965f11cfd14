/** Podman: the program, and the API socket that an agent talks to. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { z } from "zod";
import { errorCode, errorText } from "#runtime/errors.ts";
import { atLeast, versionOf, type Check } from "./check.ts";
import { outputOf } from "./machine.ts";

const PODMAN_LEAST = [4, 3];
const ANSWER_LIMIT_MS = 5_000;
const ANSWER_MAX_LENGTH = 262_144;

/** What podman says of itself and its machine. */
const infoSchema = z.object({
  version: z.object({ Version: z.string() }),
  host: z.object({
    cgroupVersion: z.string(),
    /** Those that containers may be limited by. */
    cgroupControllers: z.array(z.string()).nullish(),
    security: z.object({ rootless: z.boolean() }),
  }),
  store: z.object({ graphRoot: z.string() }),
});
export type PodmanInfo = z.infer<typeof infoSchema>;

/** The podman program. Needed on devices only, so that its absence is no failure. */
export async function checkPodman(): Promise<Check> {
  const text = await outputOf("podman", ["--version"]);
  const name = "podman";
  if (text === null) {
    const todo = ["on a device: apt-get install podman (or brew install podman, then podman machine init)"];
    return { level: "warn", name, found: "not found; only devices need it", todo };
  }
  const version = versionOf(text);
  if (version !== null && atLeast(version, PODMAN_LEAST)) return { level: "ok", name, found: version.join(".") };
  const todo = [`install podman ${PODMAN_LEAST.join(".")} or newer: older ones lack parts of the API`];
  return { level: "warn", name, found: text.trim(), todo };
}

/** The sockets podman may listen on: the one that was named, else those of this user and of root. */
export function socketCandidates(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  if (named !== undefined) return [named.replace(/^unix:(?:\/\/)?/, "")];
  const runtime = env["XDG_RUNTIME_DIR"];
  return [...(runtime === undefined ? [] : [`${runtime}/podman/podman.sock`]), "/run/podman/podman.sock"];
}

/** The API socket: it exists, answers, and says which version it is. Where it must be there, its absence is a failure. */
export async function checkSocket(
  candidates: readonly string[],
  { needed }: { needed: boolean },
): Promise<{ check: Check; info: PodmanInfo | null }> {
  const name = "podman socket";
  const socket = candidates.find((path) => existsSync(path));
  const start = [
    "as root: systemctl enable --now podman.socket; as a user: systemctl --user enable --now podman.socket",
    "without systemd: podman system service --time 0 unix://PATH, and --podman PATH here",
  ];
  if (socket === undefined) {
    const found = `none at ${candidates.join(" or ")}${needed ? "" : "; only devices need it"}`;
    return { check: { level: needed ? "fail" : "warn", name, found, todo: start }, info: null };
  }
  try {
    const info = infoSchema.parse(JSON.parse(await get(socket, "/v4.0.0/libpod/info")));
    return { check: answering(socket, info), info };
  } catch (error) {
    const todo = errorCode(error) === "EACCES" ? ["run this as the user whose podman it is: root's needs sudo"] : start;
    return {
      check: { level: "fail", name, found: `${socket} does not answer: ${errorText(error)}`, todo },
      info: null,
    };
  }
}

function answering(socket: string, { version: { Version }, host }: PodmanInfo): Check {
  const name = "podman socket";
  const found = `${socket} answers, version ${Version}, ${host.security.rootless ? "rootless" : "root"}`;
  if (atLeast(versionOf(Version) ?? [], PODMAN_LEAST)) return { level: "ok", name, found };
  return {
    level: "fail",
    name,
    found,
    todo: [`install podman ${PODMAN_LEAST.join(".")} or newer: older ones lack parts of the API`],
  };
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const asked = request({ socketPath, path, signal }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_MAX_LENGTH) asked.destroy(new Error("the answer is too long"));
      });
      answer.on("end", () => resolve(text));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}
