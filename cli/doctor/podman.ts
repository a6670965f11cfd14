/** Podman: the program, and the API socket that an agent talks to. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { errorText } from "#runtime/errors.ts";
import { atLeast, versionOf, type Check } from "./check.ts";
import { outputOf } from "./machine.ts";

const PODMAN_LEAST = [4, 3];
const ANSWER_LIMIT_MS = 5_000;
const ANSWER_MAX_LENGTH = 65_536;

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
  if (named !== undefined) return [named.replace(/^unix:\/\//, "")];
  const runtime = env["XDG_RUNTIME_DIR"];
  return [...(runtime === undefined ? [] : [`${runtime}/podman/podman.sock`]), "/run/podman/podman.sock"];
}

/** The API socket: it exists, answers, and says which version it is. */
export async function checkSocket(candidates: readonly string[]): Promise<Check> {
  const name = "podman socket";
  const socket = candidates.find((path) => existsSync(path));
  const start = [
    "as root: systemctl enable --now podman.socket; as a user: systemctl --user enable --now podman.socket",
    "without systemd: podman system service --time 0 unix://PATH, and --podman PATH here",
  ];
  if (socket === undefined) {
    return { level: "warn", name, found: `none at ${candidates.join(" or ")}; only devices need it`, todo: start };
  }
  try {
    const answer: unknown = JSON.parse(await get(socket, "/version"));
    const version = typeof answer === "object" && answer !== null && "Version" in answer ? String(answer.Version) : "?";
    return { level: "ok", name, found: `${socket} answers, version ${version}` };
  } catch (error) {
    return { level: "fail", name, found: `${socket} does not answer: ${errorText(error)}`, todo: start };
  }
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
