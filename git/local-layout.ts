/** Where a local repository keeps its things: normal, bare, or a linked worktree. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { GitError } from "./git-error.ts";

export interface LocalLayout {
  /** HEAD of this checkout. */
  readonly gitFolder: string;
  /** References and objects; the same folder except for linked worktrees. */
  readonly commonFolder: string;
}

/** Finds the repository at exactly this path. Throws `not-found` or `unsupported`, saying what to do. */
export function localLayout(path: string): LocalLayout {
  if (!existsSync(path))
    throw new GitError("not-found", `there is no ${path}`, { hint: "Give the path of a git repository." });
  const gitFolder = gitFolderOf(path);
  if (gitFolder === null) {
    throw new GitError("not-found", `${path} is not a git repository`, {
      hint: "Give the folder that holds .git, or a bare repository; `git init` makes one.",
    });
  }
  const commonFile = join(gitFolder, "commondir");
  const commonFolder = existsSync(commonFile) ? resolve(gitFolder, readFileSync(commonFile, "utf8").trim()) : gitFolder;
  refuseUnsupported(commonFolder, path);
  return { gitFolder, commonFolder };
}

/** The nearest folder at or above `path` that is the top of a repository, or null. */
export function findRepository(path: string): string | null {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (gitFolderOf(folder) !== null) return folder;
    if (dirname(folder) === folder) return null;
  }
}

function gitFolderOf(path: string): string | null {
  const inside = join(path, ".git");
  if (existsSync(inside)) {
    if (statSync(inside).isDirectory()) return isGitFolder(inside) ? inside : null;
    const target = /^gitdir: (.+)$/m.exec(readFileSync(inside, "utf8"))?.[1];
    return target === undefined ? null : resolve(path, target.trim());
  }
  return isGitFolder(path) ? path : null;
}

function isGitFolder(path: string): boolean {
  return existsSync(join(path, "HEAD")) && (existsSync(join(path, "objects")) || existsSync(join(path, "commondir")));
}

const EXTENSION = /^\s*(objectformat|refstorage|partialclone)\s*=\s*"?([^"\s#;]+)/gim;

function refuseUnsupported(commonFolder: string, path: string): void {
  const config = join(commonFolder, "config");
  const text = existsSync(config) ? readFileSync(config, "utf8") : "";
  for (const [, name = "", value = ""] of text.matchAll(EXTENSION)) {
    const extension = name.toLowerCase();
    if (extension === "objectformat" && value.toLowerCase() !== "sha1") {
      throw new GitError("unsupported", `${path} uses ${value} object ids`, {
        hint: "gitfleet reads repositories with SHA-1 ids.",
      });
    }
    if (extension === "refstorage" && value.toLowerCase() !== "files") {
      throw new GitError("unsupported", `${path} keeps its references as ${value}`, {
        hint: "Run `git refs migrate --ref-format=files`.",
      });
    }
    if (extension === "partialclone") {
      throw new GitError("unsupported", `${path} is a partial clone`, { hint: "Clone it again without --filter." });
    }
  }
}
