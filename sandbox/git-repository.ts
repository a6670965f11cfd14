/** A repository made with the real git program, for tests, the demo and the benchmark. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Robin",
  GIT_AUTHOR_EMAIL: "robin@example.org",
  GIT_COMMITTER_NAME: "Robin",
  GIT_COMMITTER_EMAIL: "robin@example.org",
};
const GIT_LIMIT_MS = 60_000;
const OUTPUT_MAX_BYTES = 256 * 1_048_576;

/** A working copy. Every method returns when git is done, and throws with git's words where it fails. */
export class GitRepository {
  readonly path: string;
  #seconds = 1_700_000_000;

  /** Makes an empty repository with the branch `main`. */
  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.git("init", "-q", "-b", "main");
  }

  /** Runs git and gives what it printed, without the last line end. */
  git(...args: string[]): string {
    return this.gitWithInput("", ...args);
  }

  gitWithInput(input: string, ...args: string[]): string {
    // Each commit is a second later than the one before, as in life.
    this.#seconds += 1;
    const date = `${this.#seconds} +0000`;
    const env = { ...process.env, ...ENVIRONMENT, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const limits = { maxBuffer: OUTPUT_MAX_BYTES, timeout: GIT_LIMIT_MS };
    const output = execFileSync("git", args, { cwd: this.path, env, input, stdio: "pipe", ...limits });
    return output.toString("utf8").replace(/\n$/, "");
  }

  /** Writes a file of the working copy; null removes it. */
  write(path: string, text: string | Uint8Array | null): void {
    const full = join(this.path, path);
    rmSync(full, { recursive: true, force: true });
    if (text === null) return;
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    symlinkSync(target, join(this.path, path));
  }

  /** Commits the working copy as it is (an empty commit too) after these changes, and gives the commit's id. */
  commit(message: string, files: Readonly<Record<string, string | null>> = {}): string {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message);
    return this.git("rev-parse", "HEAD");
  }
}
