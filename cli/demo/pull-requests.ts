/** The pull requests of the demo: opened, merged, and what the status bot said about them, as anybody sees it on the forge. */
import type { LocalForge } from "#sandbox/local-forge.ts";
import { errorText } from "#runtime/errors.ts";

const FILE = "deployments/player.yaml";
const IMAGE = /ghcr\.io\/example\/player:\S+/;
/** The template's player is 2.4.1. */
const FIRST_MINOR = 4;
const ROLLOUT = "gitfleet/rollout";
const PAGE_LIMIT_MS = 2_000;

/** An open pull request. */
export interface Proposal {
  readonly number: number;
  /** Its newest commit. */
  readonly head: string;
  /** Where people see it. */
  readonly page: string;
}

/** What people do with pull requests here. */
export class PullRequests {
  readonly #forge: LocalForge;
  readonly #opened: number[] = [];
  #versions = 0;

  constructor(forge: LocalForge) {
    this.#forge = forge;
  }

  /** Opens one for a branch that was pushed; without a branch, for the next version of the player. Throws in words for people. */
  async open(branch?: string): Promise<Proposal> {
    const { github } = this.#forge;
    const name = branch ?? (await this.#pushNextPlayer());
    const head = await github.head(`refs/heads/${name}`);
    if (head === null) throw new Error(`there is no branch ${name} on the forge; push it first`);
    const { number } = await saying(github.openPullRequest({ head: name, title: name.replaceAll("-", " ") }));
    this.#opened.push(number);
    return { number, head, page: this.#forge.page(number) };
  }

  /** Merges one, or the last that is open, brings the working copy along, and gives the merge commit. */
  async merge(pull?: number): Promise<string> {
    const { github } = this.#forge;
    const number = pull ?? this.#lastOpen();
    if (number === null) throw new Error("no pull request is open");
    const commit = await saying(github.merge(number));
    await this.#forge.pull();
    return commit;
  }

  /** What the bot wrote; empty while there is nothing. Throws where it wrote more than one comment. */
  comment(pull: number): string {
    const [first, ...more] = this.#forge.github.commentsOf(pull);
    if (more.length > 0) throw new Error(`#${pull} has ${more.length + 1} comments instead of one`);
    return first?.body ?? "";
  }

  /** The state of a commit status, null where there is none. */
  status(commit: string, context: string): string | null {
    return this.#forge.github.statusesOf(commit).find((one) => one.context === context)?.state ?? null;
  }

  /** The rollout's states so far once the last is success, null before. */
  succeeded(commit: string): string[] | null {
    const rollout = this.#forge.github.statusHistoryOf(commit).filter(({ context }) => context === ROLLOUT);
    const last = rollout.at(-1);
    if (last?.state === "failure" || last?.state === "error") throw new Error(`${ROLLOUT}: ${last.description}`);
    return last?.state === "success" ? [...new Set(rollout.map(({ state }) => state))] : null;
  }

  /** The page of a pull request as its text reads. */
  async pageText(pull: number): Promise<string> {
    const answer = await fetch(this.#forge.page(pull), { signal: AbortSignal.timeout(PAGE_LIMIT_MS) });
    return await answer.text();
  }

  /** A file below status/ on the status branch, empty while there is none. */
  async statusFile(path: string): Promise<string> {
    return (await this.#forge.github.fileAt("fleet-status", `status/${path}`)) ?? "";
  }

  #lastOpen(): number | null {
    return this.#opened.findLast((number) => this.#forge.github.pullRequest(number).state === "open") ?? null;
  }

  async #pushNextPlayer(): Promise<string> {
    const { github } = this.#forge;
    const text = await github.fileAt("main", FILE);
    if (text === null || !IMAGE.test(text))
      throw new Error(`${FILE} runs no player any more; push a branch of your own`);
    this.#versions += 1;
    const version = `2.${FIRST_MINOR + this.#versions}.0`;
    const files = { [FILE]: text.replace(IMAGE, `ghcr.io/example/player:${version}`) };
    const branch = `player-${version}`;
    await github.push({ branch, files, message: `player: ${version}` });
    return branch;
  }
}

async function saying<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Error(`the forge refuses: ${errorText(cause)}`, { cause });
  }
}
