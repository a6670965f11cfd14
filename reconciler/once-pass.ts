/** How long a process runs: until it is told to stop, or, with `--once`, until its pass is over or gets nowhere. */
import type { Logger } from "#runtime/logger.ts";
import { stanceOf } from "./core/stance.ts";
import type { State } from "./core/state.ts";
import { verdictOf } from "./core/verdict.ts";

/** What the process ends with: see the contract of the command line. */
export type ExitCode = 0 | 1 | 3;

/** A pass in which nothing happens for this long has failed. */
const STANDSTILL_MS = 10_000;

export class OncePass {
  readonly #once: boolean;
  readonly #logger: Logger;
  #last: State | null = null;
  #progress = "";
  #timer: NodeJS.Timeout | undefined;
  #end: (code: ExitCode) => void = () => {};
  readonly #ended = new Promise<ExitCode>((resolve) => {
    this.#end = resolve;
  });

  constructor(once: boolean, logger: Logger) {
    this.#once = once;
    this.#logger = logger;
    if (once) this.#wind();
  }

  /** Called whenever the state may have changed. */
  look(state: State): void {
    if (!this.#once) return;
    this.#last = state;
    const verdict = verdictOf(state);
    if (verdict !== null) {
      const fields = { code: verdict.code, reason: verdict.message };
      if (verdict.code === 0) this.#logger.info(fields, "pass over");
      else this.#logger.error(fields, "pass over");
      this.#end(verdict.code);
    }
    const progress = progressOf(state);
    if (progress !== this.#progress) this.#wind();
    this.#progress = progress;
  }

  /** The exit code: 0 for a stop that was asked for, except for a pass that was not over. */
  async ended(signal: AbortSignal): Promise<ExitCode> {
    const stop = (): void => this.#end(this.#once ? 3 : 0);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const code = await this.#ended;
    clearTimeout(this.#timer);
    return code;
  }

  #wind(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Git has limits of its own: a large repository may take its time.
      if (this.#last !== null && waitsForGit(this.#last)) return this.#wind();
      const reason = this.#last === null ? "nothing was heard" : standstillReason(this.#last);
      this.#logger.error({ code: 3, reason }, "the pass gets nowhere");
      this.#end(3);
    }, STANDSTILL_MS);
  }
}

function progressOf({ counts, holdings, recordRevision, git, commits }: State): string {
  const { put, delete: deleted, unmark } = counts.written;
  const sizes = [holdings.values, holdings.markers.size, holdings.states, commits.size];
  return [put, deleted, unmark, ...sizes, recordRevision, git.head].join(" ");
}

function waitsForGit(state: State): boolean {
  const stance = stanceOf(state);
  return stance.kind === "wait" && (stance.need !== null || (state.synced.fleet && !state.git.asked));
}

function standstillReason(state: State): string {
  const stance = stanceOf(state);
  if (stance.kind === "wait") return stance.reason;
  if (!state.leaseHeld) return `another reconciler writes: ${state.leaseReason}`;
  return state.writesTrouble ?? "NATS does not take the writes";
}
