/** The two sides of a plan: a commit or a folder, each read by the engine. */
import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { FleetSnapshots } from "#git/fleet-snapshot.ts";
import { GitError } from "#git/git-error.ts";
import { findRepository } from "#git/local-layout.ts";
import { LocalRepository } from "#git/local-repository.ts";
import type { Fleet } from "#fleet/fleet.ts";
import type { Problem } from "#fleet/problem.ts";
import { FleetReader, type FleetReading } from "#fleet/read.ts";
import type { SnapshotEntry } from "#fleet/snapshot.ts";
import { OutsideError, UsageError } from "#runtime/errors.ts";
import { readFleetFolder } from "./fleet-folder.ts";

/** What one side holds. */
export interface Side {
  /** For people: `HEAD (1a2b3c4d5e)`, `the folder shop-floor`, `nothing`. */
  readonly description: string;
  /** The commit whose content this is, or null where it is nobody's. */
  readonly commit: string | null;
  /** Null where it is not valid, and where there is nothing. */
  readonly fleet: Fleet | null;
  readonly problems: readonly Problem[];
  readonly warnings: FleetReading["warnings"];
}

/** No fleet at all: everything on the other side is added. */
export const NOTHING: Side = { description: "nothing", commit: null, fleet: null, problems: [], warnings: [] };

/** Reads sides of one folder and the repository it is in. Equal files are parsed once, whichever side they are on. */
export class PlanSides {
  readonly #folder: string;
  readonly #reader = new FleetReader();
  readonly #snapshots = new FleetSnapshots();
  readonly #repository: LocalRepository | null;
  /** Of the fleet within the repository. */
  readonly #within: string;
  /** False for a bare repository: it has no files of its own. */
  readonly hasFiles: boolean;

  constructor(folder: string) {
    const top = findRepository(folder);
    this.#folder = folder;
    this.#repository = top === null ? null : outside(() => new LocalRepository(top));
    this.hasFiles = top === null || existsSync(join(top, ".git"));
    this.#within = top === null || !this.hasFiles ? "" : relative(top, folder).split(sep).join("/");
  }

  /** The commit a person means by `text`. Throws a UsageError where there is none. */
  async commit(text: string): Promise<Side> {
    if (this.#repository === null) {
      throw new UsageError(`${this.#folder} is in no git repository, so there is no commit "${text}"`, {
        hint: "Leave the option out to plan the folder alone, or use --live.",
      });
    }
    const id = this.#resolve(this.#repository, text);
    return this.#read(this.#repository, id, text === id ? id.slice(0, 10) : `${text} (${id.slice(0, 10)})`);
  }

  /** HEAD, or nothing where there is no commit yet. */
  async head(): Promise<Side> {
    const id = this.#headId();
    return id === null || this.#repository === null
      ? NOTHING
      : this.#read(this.#repository, id, `HEAD (${id.slice(0, 10)})`);
  }

  /** The files as they are now; the commit is HEAD where they are exactly what HEAD holds. */
  async files(): Promise<Side> {
    const { fleet, problems, warnings, snapshot } = readFleetFolder(this.#folder, this.#reader);
    const commit = (await this.#isHead(snapshot.entries)) ? this.#headId() : null;
    return { description: `the folder ${this.#folder}`, commit, fleet, problems, warnings };
  }

  async close(): Promise<void> {
    await this.#repository?.close();
  }

  #headId(): string | null {
    const repository = this.#repository;
    return repository === null ? null : outside(() => (repository.hasHead() ? repository.resolve("HEAD") : null));
  }

  #resolve(repository: LocalRepository, text: string): string {
    try {
      return repository.resolve(text);
    } catch (error) {
      if (error instanceof GitError && error.kind === "commit-missing") {
        throw new UsageError(error.message, { hint: error.hint, cause: error.cause });
      }
      throw fromGit(error);
    }
  }

  async #read(repository: LocalRepository, commit: string, description: string): Promise<Side> {
    try {
      const snapshot = await this.#snapshots.read(repository.objects, {
        commit,
        folder: this.#within,
        wants: (entries) => this.#reader.wants(entries),
      });
      const { fleet, problems, warnings } = this.#reader.read(snapshot);
      return { description, commit, fleet, problems, warnings };
    } catch (error) {
      // The fleet's folder is newer than this commit.
      if (error instanceof GitError && error.kind === "not-found") return { ...NOTHING, description, commit };
      throw fromGit(error);
    }
  }

  async #isHead(files: readonly SnapshotEntry[]): Promise<boolean> {
    const commit = this.#headId();
    if (commit === null || this.#repository === null) return false;
    try {
      const request = { commit, folder: this.#within, wants: () => [] };
      const { entries } = await this.#snapshots.read(this.#repository.objects, request);
      return identity(entries) === identity(files);
    } catch (error) {
      if (error instanceof GitError) return false;
      throw error;
    }
  }
}

// Files that the engine does not read (a README below devices/) make no difference.
function identity(entries: readonly SnapshotEntry[]): string {
  const known = entries.filter(({ path, kind }) => kind !== "file" || /\.ya?ml$/.test(path));
  return known
    .map(({ path, kind, id }) => `${path}\0${kind}\0${id}`)
    .toSorted()
    .join("\n");
}

function fromGit(error: unknown): unknown {
  return error instanceof GitError ? new OutsideError(error.message, { hint: error.hint, cause: error.cause }) : error;
}

function outside<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw fromGit(error);
  }
}
