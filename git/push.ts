/** Moves one branch of a repository, on the condition that it still stands where the caller saw it. */
import { Buffer } from "node:buffer";
import { OutsideError } from "#runtime/errors.ts";
import { inSlices } from "#runtime/in-slices.ts";
import { packOf } from "./pack-writer.ts";
import type { ReceivePack } from "./receive-pack.ts";
import type { GitObject } from "./write-objects.ts";

/** One branch to move. The objects are everything that the repository may lack. */
export interface Push {
  /** Such as `refs/heads/fleet-status`. */
  readonly ref: string;
  /** Where it must stand now; null where it must not exist. */
  readonly from: string | null;
  /** The commit to move it to. It need not descend from `from`: the condition alone protects other writers. */
  readonly to: string;
  readonly objects: readonly GitObject[];
}

/** What became of it. */
export type PushResult =
  | { readonly kind: "pushed" }
  /** Somebody else moved the branch first: read again, build again, push again. */
  | { readonly kind: "moved"; readonly message: string }
  /** The repository does not want it (a rule, a hook, no permission on the branch). */
  | { readonly kind: "refused"; readonly message: string };

const NO_COMMIT = "0".repeat(40);
const CAPABILITIES = "report-status agent=gitfleet";

/** Pushes. Rejects with an OutsideError where there is no answer: then whether it happened is unknown, so look. */
export async function push(receivePack: ReceivePack, { ref, from, to, objects }: Push): Promise<PushResult> {
  const command = `${from ?? NO_COMMIT} ${to} ${ref}\0 ${CAPABILITIES}`;
  const pack = await inSlices(packOf(objects));
  const answer = await receivePack(Buffer.concat([packetLine(command), Buffer.from("0000"), pack]));
  return readReport(answer, ref);
}

function packetLine(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0"), "latin1"), bytes]);
}

/** What the report says about `ref`. Throws an OutsideError for what is no whole report. */
export function readReport(answer: Buffer, ref: string): PushResult {
  const lines = packetLines(answer);
  const unpack = lines.find((line) => line.startsWith("unpack "));
  if (unpack !== undefined && unpack !== "unpack ok")
    return { kind: "refused", message: unpack.slice("unpack ".length) };
  if (unpack !== undefined && lines.includes(`ok ${ref}`)) return { kind: "pushed" };
  const refusal = lines.find((line) => line.startsWith(`ng ${ref} `));
  if (refusal === undefined) throw new OutsideError("the git server's answer to the push is not a report of git");
  const message = refusal.slice(`ng ${ref} `.length);
  return { kind: isRace(message) ? "moved" : "refused", message };
}

// Git has no code for a lost race; these are the words of git itself, of JGit and of the large forges.
function isRace(message: string): boolean {
  return /failed to update ref|cannot lock ref|reference already exists|stale info|fetch first|incorrect old value|lock_failure|lock failure|failed to lock/i.test(
    message,
  );
}

function packetLines(answer: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 4 <= answer.length;) {
    const length = Number.parseInt(answer.toString("latin1", at, at + 4), 16);
    if (Number.isNaN(length) || at + length > answer.length) return lines;
    if (length >= 4) lines.push(answer.toString("utf8", at + 4, at + length).trimEnd());
    at += Math.max(length, 4);
  }
  return lines;
}
