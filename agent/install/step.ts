/** What installing and uninstalling are made of, as data: printed by `--print`, done by `perform`. */

/** Of a new or existing file or folder; null leaves the owner to be whoever runs the command. */
export type Owner = { readonly uid: number; readonly gid: number } | null;

interface Place {
  readonly path: string;
  readonly mode: number;
  readonly owner: Owner;
}

/** One thing that is done. */
export type Step =
  | ({ readonly kind: "folder" } & Place)
  /** Existing, with another mode or owner. */
  | ({ readonly kind: "permit" } & Place)
  | ({ readonly kind: "file"; readonly text: string; readonly replaces: boolean } & Place)
  /** A file that may hold a secret: its content is never part of a plan. */
  | ({ readonly kind: "copy"; readonly from: string } & Place)
  | { readonly kind: "delete"; readonly path: string }
  /** With everything in it. */
  | { readonly kind: "delete-folder"; readonly path: string }
  /** Only where nothing is in it. */
  | { readonly kind: "delete-empty"; readonly path: string }
  | Run;

/** A program that is run. */
export interface Run {
  readonly kind: "run";
  readonly words: readonly string[];
  /** Completes "so that …". */
  readonly so: string;
  /** What to do where it fails; to mend what it says and try again when left out. */
  readonly otherwise?: string;
}

/** Everything that installing or uninstalling does here. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What is left to a person, because it cannot be run here. */
  readonly remaining: readonly Run[];
  /** What was found and left alone, and why. */
  readonly kept: readonly string[];
  /** What was asked for and is not done, and what to do about it: ends with exit code 1. */
  readonly refused: readonly string[];
}
