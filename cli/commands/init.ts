/** `gitfleet init`: a new fleet repository from the template. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { OutsideError, UsageError, errorCode } from "#runtime/errors.ts";
import { packageRoot } from "#runtime/package-root.ts";
import { defineCommand } from "../command.ts";
import { folderOf } from "../fleet-folder.ts";
import type { Io } from "../io.ts";

const TEMPLATE = join(packageRoot(), "fleet-repo-template");

export const command = defineCommand({
  name: "init",
  summary: "make a new fleet repository from the template",
  examples: [
    { line: "gitfleet init my-fleet", does: "a small fleet that teaches, in a new folder under git" },
    { line: "gitfleet init", does: "the same in the current folder, which must be empty" },
  ],
  arguments: [{ name: "dir", required: false, description: "the new folder (default: the current one)" }],
  settings: z.object({}),
  notes: ["Nothing is overwritten: a folder that holds more than a .git is refused."],
  run: async ({ args, io }) => {
    const folder = folderOf(args[0], io);
    const held = contentsOf(folder);
    const strange = held.find((name) => name !== ".git");
    if (strange !== undefined) {
      throw new UsageError(`${folder} is not empty (it has ${strange})`, { hint: "Name a new folder." });
    }
    copyTemplate(folder);
    const underGit = held.includes(".git") || gitInit(folder, io);
    io.out(nextSteps(args[0] ?? ".", underGit));
    return 0;
  },
});

function contentsOf(folder: string): string[] {
  try {
    if (!statSync(folder).isDirectory()) throw new UsageError(`${folder} is not a folder`);
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    if (errorCode(error) === "ENOTDIR")
      throw new UsageError(`${folder} lies in a file`, { hint: "Name a new folder." });
    if (error instanceof UsageError) throw error;
    throw new OutsideError(`cannot read ${folder}`, { hint: "Name a folder that you may write to.", cause: error });
  }
}

function copyTemplate(folder: string): void {
  try {
    makeFolder(folder);
    cpSync(TEMPLATE, folder, { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
  } catch (cause) {
    throw new OutsideError(`cannot write to ${folder}`, { hint: "Name a folder that you may write to.", cause });
  }
}

// One by one: Node's own `recursive` never ends where the system says that a folder's parent is not there, as /proc does.
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

function gitInit(folder: string, io: Io): boolean {
  try {
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", folder], { stdio: ["ignore", "ignore", "pipe"] });
    return true;
  } catch {
    io.err("git is not here (or too old), so the folder is not under git yet: install git, then run `git init`\n");
    return false;
  }
}

function nextSteps(folder: string, underGit: boolean): string {
  const steps = [
    ...(folder === "." ? [] : [`cd ${shellWord(folder)}`]),
    "gitfleet validate",
    ...(underGit ? ["git add --all && git commit -m 'A fleet'"] : []),
    "gitfleet reconciler --repo . --nats nats://127.0.0.1:4222",
  ];
  const list = readdirSync(TEMPLATE)
    .filter((name) => !name.startsWith("."))
    .map((name) => (statSync(join(TEMPLATE, name)).isDirectory() ? `${name}/` : name));
  return `made a fleet repository in ${folder}: ${list.join(", ")}\n\nNext:\n${steps.map((step) => `  ${step}\n`).join("")}`;
}

function shellWord(text: string): string {
  return /^[\w./~+@%:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
