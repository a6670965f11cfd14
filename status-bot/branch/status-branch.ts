/** Keeps the status files on their branch: one commit where something of substance changed, never against another writer. */
import { Buffer } from "node:buffer";
import { branchHead, commitOnTip, NO_TIP, readTip, type BranchTip } from "#git/branch-tip.ts";
import { filesOf } from "#git/folder.ts";
import type { ReceivePack } from "#git/receive-pack.ts";
import type { GitSource } from "#git/source.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { sleep, systemClock, type Clock } from "#runtime/clock.ts";
import { OutsideError } from "#runtime/errors.ts";
import { inSlices } from "#runtime/in-slices.ts";
import type { StatusFiles } from "../core/status-files.ts";
import { STATUS_FOLDER, substanceOf } from "../texts/status-files.ts";
import { NUMBER_TRAILER } from "../texts/status-readme.ts";

/** Past so many commits the history is replaced by one. */
export const COMMITS_MAX = 1_000;
const TRIES_MAX = 8;
const RACE_BASE_MS = 50;
const RACE_MAX_MS = 2_000;
const AUTHOR = { name: "gitfleet", email: "gitfleet@users.noreply.github.com" };

/** What came of one attempt. */
export type PublishResult =
  | { readonly kind: "written"; readonly commit: string; readonly files: number }
  | { readonly kind: "unchanged" }
  /** The last status commit is younger than the interval. */
  | { readonly kind: "early"; readonly waitMs: number };

/** Where to write, and how often. */
export interface PublishTo {
  readonly branch: string;
  readonly intervalMs: number;
}

export interface StatusBranchOptions {
  readonly source: GitSource;
  readonly receivePack: ReceivePack;
  readonly clock?: Clock;
  /** Dry run: commits are printed and taken for done. */
  readonly print?: ((text: string) => void) | undefined;
}

/** One status branch. What is on it is read once and again whenever somebody else moved it. */
export class StatusBranch {
  readonly #source: GitSource;
  readonly #receivePack: ReceivePack;
  readonly #clock: Clock;
  readonly #print: ((text: string) => void) | undefined;
  #branch = "";
  #tip: BranchTip | null = null;
  /** Substance of our files as they stand on the branch. */
  #standing = new Map<string, string>();
  #number = 0;
  #wroteAtMs: number | null = null;

  constructor({ source, receivePack, clock = systemClock, print }: StatusBranchOptions) {
    this.#source = source;
    this.#receivePack = receivePack;
    this.#clock = clock;
    this.#print = print;
  }

  /** Writes what differs. Rejects with a GitError or OutsideError; what happened is then unknown and looked at next time. */
  async publish(files: StatusFiles, to: PublishTo, signal: AbortSignal): Promise<PublishResult> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      const tip = await this.#refresh(to.branch, files, signal);
      const changes = await inSlices(this.#changes(files), { signal });
      if (changes.size === 0) return { kind: "unchanged" };
      const waitMs = this.#waitMs(tip, to.intervalMs);
      if (waitMs > 0) return { kind: "early", waitMs };
      const commit = await this.#commit(tip, changes, files, to.branch);
      if (commit !== null) return { kind: "written", commit, files: changes.size };
      await sleep(backoffMs({ attempt, baseMs: RACE_BASE_MS, maxMs: RACE_MAX_MS }, Math.random), signal, this.#clock);
    }
    throw new OutsideError(`others moved the branch ${to.branch} ${TRIES_MAX} times in a row`, {
      hint: "Let only this bot write to it; it tries again by itself.",
    });
  }

  async #refresh(branch: string, files: StatusFiles, signal: AbortSignal): Promise<BranchTip> {
    const head = await branchHead(this.#source, branch, signal);
    if (this.#tip !== null && this.#branch === branch && (this.#tip.commit?.id ?? null) === head) return this.#tip;
    const looksInto = (path: string): boolean => path.startsWith(`${STATUS_FOLDER}/`);
    const tip = head === null ? NO_TIP : await readTip(this.#source, head, { looksInto, signal });
    refuseFleetBranch(tip, branch);
    this.#standing = this.#readStanding(tip);
    this.#number = await this.#numberOf(tip, signal);
    this.#branch = branch;
    this.#tip = tip;
    files.changed(this.#standing.keys());
    return tip;
  }

  #readStanding(tip: BranchTip): Map<string, string> {
    const standing = new Map<string, string>();
    for (const [path, id] of filesOf(tip.folder)) {
      if (!isOurs(path)) continue;
      const text = this.#source.objects.read(id)?.bytes ?? Buffer.alloc(0);
      standing.set(path, substanceOf(text.toString("utf8")));
    }
    return standing;
  }

  // Status commits count themselves; on a branch that somebody else wrote to last, the history is counted once.
  async #numberOf(tip: BranchTip, signal: AbortSignal): Promise<number> {
    if (tip.commit === null) return 0;
    const said = numberIn(tip.commit.message);
    if (said !== null) return said;
    await this.#source.deepen(tip.commit.id, COMMITS_MAX + 1, signal);
    return historyLength(this.#source, tip.commit.id);
  }

  *#changes(files: StatusFiles): Generator<void, Map<string, string | null>> {
    const changes = new Map<string, string | null>();
    for (const path of files.pending()) {
      const text = files.text(path);
      if (text === null && this.#standing.has(path)) changes.set(path, null);
      if (text !== null && substanceOf(text) !== this.#standing.get(path)) changes.set(path, text);
      yield;
    }
    if (changes.size === 0) files.settled();
    return changes;
  }

  // The branch itself says when it was written last: a restart or a second bot changes nothing about the interval.
  #waitMs(tip: BranchTip, intervalMs: number): number {
    const isOwn = tip.commit !== null && numberIn(tip.commit.message) !== null;
    const lastMs = isOwn ? tip.commit.committedAtSeconds * 1_000 : this.#wroteAtMs;
    // A clock that ran ahead when the commit was made must not stop the bot for ever.
    const agoMs = lastMs === null ? intervalMs : Math.max(0, this.#clock.nowMs() - lastMs);
    return Math.max(0, intervalMs - agoMs);
  }

  async #commit(
    tip: BranchTip,
    changes: ReadonlyMap<string, string | null>,
    files: StatusFiles,
    branch: string,
  ): Promise<string | null> {
    const squash = this.#number >= COMMITS_MAX;
    const number = squash ? 1 : this.#number + 1;
    const nowMs = this.#clock.nowMs();
    if (this.#print !== undefined) {
      this.#print(dryRunText(branch, changes));
      this.#keep(tip, changes, { number: this.#number, nowMs });
      files.settled();
      return tip.commit?.id ?? "";
    }
    // Whatever goes wrong from here on: what stands on the branch is unknown until it is read again.
    this.#tip = null;
    const next = { branch, changes, squash, message: files.message(number), author: { ...AUTHOR, atMs: nowMs } };
    const { result, tip: newTip } = await commitOnTip(this.#receivePack, tip, next);
    if (result.kind === "moved") return null;
    if (result.kind === "refused") {
      throw new OutsideError(`the repository does not take status commits on ${branch}: ${result.message}`, {
        hint: "Let the bot's token write to this branch, and do not protect it.",
      });
    }
    this.#keep(newTip, changes, { number, nowMs });
    files.settled();
    return newTip.commit?.id ?? null;
  }

  #keep(
    tip: BranchTip,
    changes: ReadonlyMap<string, string | null>,
    { number, nowMs }: { readonly number: number; readonly nowMs: number },
  ): void {
    for (const [path, text] of changes) {
      if (text === null) this.#standing.delete(path);
      else this.#standing.set(path, substanceOf(text));
    }
    this.#tip = tip;
    this.#number = number;
    this.#wroteAtMs = nowMs;
  }
}

function dryRunText(branch: string, changes: ReadonlyMap<string, string | null>): string {
  const files = [...changes].map(([path, text]) => (text === null ? `deleted ${path}\n` : `--- ${path}\n${text}`));
  return `would commit to ${branch}:\n${files.join("")}`;
}

function isOurs(path: string): boolean {
  return /^status\/(?:README\.md|fleet\.yaml|deployments\/.*)$/.test(path);
}

// A branch with the fleet itself in it is some other branch of the repository: its history is not ours to touch.
function refuseFleetBranch(tip: BranchTip, branch: string): void {
  const isFleet = ["deployments", "devices", "fleet.yaml"].some((name) => tip.folder?.lines.has(name) === true);
  if (!isFleet) return;
  throw new OutsideError(`the branch ${branch} holds a fleet, so no status files are written to it`, {
    hint: "Name another branch in fleet.yaml under status.branch.",
  });
}

function numberIn(message: string): number | null {
  const match = new RegExp(`^${NUMBER_TRAILER}: (\\d{1,9})$`, "m").exec(message);
  return match === null ? null : Number(match[1]);
}

function historyLength(source: GitSource, head: string): number {
  let length = 0;
  for (let id: string | undefined = head; id !== undefined && length <= COMMITS_MAX; length += 1) {
    const object = source.objects.read(id);
    if (object === null) break;
    id = /^parent ([0-9a-f]{40})$/m.exec(object.bytes.toString("latin1", 0, 256))?.[1];
  }
  return length;
}
