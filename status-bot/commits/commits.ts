/** Commits of the repository as fleets: read once, kept while they are likely to be asked for again. */
import type { Fleet } from "#fleet/fleet.ts";
import type { Problem } from "#fleet/problem.ts";
import { FleetReader } from "#fleet/read.ts";
import { needCommit } from "#git/commit.ts";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import type { GitSource } from "#git/source.ts";
import { inSlices } from "#runtime/in-slices.ts";
import { PROBLEMS_KEPT_MAX, type CommitJudgement } from "../core/judgement.ts";

/** One commit, read. */
export interface CommitReading {
  readonly commit: string;
  readonly parents: readonly string[];
  /** Null exactly where there are problems. */
  readonly fleet: Fleet | null;
  readonly judgement: CommitJudgement;
}

export interface CommitsOptions {
  readonly source: GitSource;
  /** Folder of the fleet within the repository, `""` for its root. */
  readonly folder: string;
  /** The tracked branch: naming it for status files is a problem that only its readers can see. */
  readonly branch: string;
}

/** Bases and heads of the pull requests under way; a fleet of 10,000 devices is some ten megabytes. */
const CONTENTS_MAX = 6;

type Contents = Pick<CommitReading, "fleet" | "judgement">;

/** Reads one commit at a time: the mirror is not made for more. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #reader = new FleetReader();
  readonly #snapshots = new FleetSnapshots();
  /** By tree. */
  readonly #contents = new Map<string, Contents>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Rejects with a GitError. */
  read(commit: string, signal: AbortSignal): Promise<CommitReading> {
    const reading = this.#queue.then(() => this.#readOne(commit, signal));
    this.#queue = reading.catch(() => {});
    return reading;
  }

  async #readOne(commit: string, signal: AbortSignal): Promise<CommitReading> {
    const { source } = this.#options;
    await source.ensureCommit(commit, { signal });
    const { tree, parents } = needCommit(source.objects, commit);
    // Merging what is up to date gives the same folders under another name: they are read once.
    const { fleet, judgement } = this.#contents.get(tree) ?? (await this.#readContents(commit, signal));
    this.#keep(tree, { fleet, judgement });
    return { commit, parents, fleet, judgement: { ...judgement, commit } };
  }

  // The least recently used one goes first.
  #keep(tree: string, contents: Contents): void {
    this.#contents.delete(tree);
    this.#contents.set(tree, contents);
    const [oldest] = this.#contents.keys();
    if (this.#contents.size > CONTENTS_MAX && oldest !== undefined) this.#contents.delete(oldest);
  }

  async #readContents(commit: string, signal: AbortSignal): Promise<Contents> {
    const { source, folder, branch } = this.#options;
    const wants = this.#reader.wants.bind(this.#reader);
    const request = { commit, folder, since: this.#reader.listing, wants, signal };
    const snapshot = await this.#snapshots.read(source.objects, request);
    const { fleet, problems, deployments, devices } = await inSlices(this.#reader.steps(snapshot), { signal });
    const all = fleet?.settings.statusBranch === branch ? [trackedBranchProblem(branch)] : problems;
    const counts = { problemsTotal: all.length, deployments, devices };
    return {
      fleet: all.length > 0 ? null : fleet,
      judgement: { commit, problems: all.slice(0, PROBLEMS_KEPT_MAX), ...counts },
    };
  }
}

function trackedBranchProblem(branch: string): Problem {
  const message = `spec.status.branch names the tracked branch ${branch}: every status commit would be a commit of the fleet; name a branch of its own, such as fleet-status`;
  return { file: "fleet.yaml", line: 1, column: 1, code: "invalid-value", message };
}
