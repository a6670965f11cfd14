/** Does the steps of a plan, one after the other, and says each that is done. */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync, rmdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { OutsideError, errorCode, errorText } from "#runtime/errors.ts";
import { deleteDurably, writeAtomically } from "../disk/atomic-write.ts";
import { commandText, stepText } from "./plan-text.ts";
import type { Owner, Run, Step } from "./step.ts";

/** podman's socket and the agent are up in a moment; a busy device takes longer. */
const COMMAND_LIMIT_MS = 60_000;

const AGAIN = "Mend that and run the same command again: it goes on where it stopped.";

/** Tells of a step that was done. */
export type Say = (line: string) => void;

/** Throws an OutsideError at the first step that fails; what was done stays, and a second run goes on from there. */
export async function perform(steps: readonly Step[], say: Say): Promise<void> {
  for (const step of steps) {
    await performStep(step).catch((cause: unknown) => {
      if (cause instanceof OutsideError) throw cause;
      throw new OutsideError(`cannot ${stepText(step)}`, {
        hint: AGAIN,
        cause,
      });
    });
    say(stepText(step));
  }
}

async function performStep(step: Step): Promise<void> {
  switch (step.kind) {
    case "folder":
      mkdirSync(step.path, { recursive: true });
      return permit(step.path, step);
    case "permit":
      return permit(step.path, step);
    case "file":
      await writeAtomically(step.path, step.text);
      return permit(step.path, step);
    case "copy":
      // By way of memory, so that it is whole or absent, and private from its first byte.
      await writeAtomically(step.path, await readFile(step.from, "utf8"));
      return permit(step.path, step);
    case "delete":
      return await deleteDurably(step.path);
    case "delete-folder":
      return rmSync(step.path, { recursive: true, force: true });
    case "delete-empty":
      return deleteEmpty(step.path);
    case "run":
      return await runCommand(step);
  }
}

function permit(path: string, { mode, owner }: { mode: number; owner: Owner }): void {
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
}

function deleteEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errorCode(error) ?? "")) throw error;
  }
}

async function runCommand({ words, otherwise = AGAIN }: Run): Promise<void> {
  const [command = "", ...args] = words;
  await new Promise<void>((resolve, reject) => {
    execFile(command, args, { timeout: COMMAND_LIMIT_MS }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const said = stderr.trim() === "" ? errorText(error) : stderr.trim().split("\n").at(-1);
      reject(new OutsideError(`\`${commandText(words)}\` failed: ${said}`, { hint: otherwise }));
    });
  });
}
