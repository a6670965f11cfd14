/** Commits of the fleet repository, as the reconciler asks for them; every failure comes back as an event. */
import { FleetReader } from "#fleet/read.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { asGitError } from "#git/git-error.ts";
import { findTrailer, HISTORY_MAX_COMMITS } from "#git/history.ts";
import { openSource, type SourceOptions } from "#git/open-source.ts";
import type { GitSource } from "#git/source.ts";
import { backoffMs } from "#runtime/backoff.ts";
import { inSlices } from "#runtime/in-slices.ts";
import type { Event } from "./core/event.ts";
import { TRAILER_KEY, TRAILER_VALUE } from "./core/stance.ts";

export interface CommitsOptions extends SourceOptions {
  readonly branch: string;
  /** The folder that holds the fleet. */
  readonly folder: string;
  readonly pollIntervalMs: number;
}

/** Polls of several reconcilers spread by this part of the interval. */
const POLL_JITTER = 0.1;
const RETRY_BASE_MS = 500;
const RETRY_MAX_MS = 60_000;
/** Most approvals lie close to head: the whole history is fetched only where they do not. */
const FIRST_DEPTH = 50;

export class Commits {
  readonly #options: CommitsOptions;
  readonly #reader = new FleetReader();
  readonly #snapshots = new FleetSnapshots();
  #source: GitSource | null = null;
  #failures = 0;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Asks where the branch stands. */
  async poll(signal: AbortSignal): Promise<Event> {
    const { branch, pollIntervalMs } = this.#options;
    try {
      const source = await this.#opened();
      const commit = await source.head(branch, signal);
      this.#failures = 0;
      const jitter = 1 - POLL_JITTER + Math.random() * 2 * POLL_JITTER;
      return { kind: "head", commit, nextPollInMs: Math.round(pollIntervalMs * jitter) };
    } catch (error) {
      const { kind, message } = asGitError(error);
      const retryMs = this.#retryMs();
      return {
        kind: "head-unreadable",
        reason: kind,
        message,
        nextPollInMs: Math.min(retryMs, Math.max(pollIntervalMs, 1_000)),
      };
    }
  }

  /** Reads a commit: what changed since the last one costs, the rest is known. */
  async read(commit: string, branchHead: string | null, signal: AbortSignal): Promise<Event> {
    try {
      const source = await this.#opened();
      await source.ensureCommit(commit, branchHead === null ? { signal } : { branchHead, signal });
      const snapshot = await this.#snapshots.read(source.objects, {
        commit,
        folder: this.#options.folder,
        since: this.#reader.listing,
        signal,
        wants: (entries) => this.#reader.wants(entries),
      });
      return { kind: "commit", commit, reading: await inSlices(this.#reader.steps(snapshot), { signal }) };
    } catch (error) {
      const { kind, message } = asGitError(error);
      return {
        kind: "commit-unreadable",
        commit,
        missing: kind === "commit-missing",
        message,
        retryInMs: this.#retryMs(),
      };
    }
  }

  /** Looks for a trailer between two commits; fetches history only as far as it has to. */
  async findApproval(head: string, applied: string | null, signal: AbortSignal): Promise<Event> {
    const search = { head, applied, key: TRAILER_KEY, value: TRAILER_VALUE };
    try {
      const source = await this.#opened();
      await source.ensureCommit(head, { signal });
      for (const depth of [1, FIRST_DEPTH, HISTORY_MAX_COMMITS]) {
        if (depth > 1) await source.deepen(head, depth, signal);
        const { commit, complete } = findTrailer(source.objects, search);
        if (complete) return { kind: "approval", head, applied, commit };
      }
      return { kind: "approval", head, applied, commit: findTrailer(source.objects, search).commit };
    } catch (error) {
      return {
        kind: "approval-unknown",
        head,
        applied,
        message: asGitError(error).message,
        retryInMs: this.#retryMs(),
      };
    }
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  // A path may be mounted later than the process starts: opened when it is first needed, and tried again.
  async #opened(): Promise<GitSource> {
    this.#source ??= await openSource(this.#options);
    return this.#source;
  }

  #retryMs(): number {
    this.#failures += 1;
    return (
      RETRY_BASE_MS + backoffMs({ attempt: this.#failures, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, Math.random)
    );
  }
}
