/** Everything the bot can do in the world, as data. Effects of one lane wait for each other. */
import type { Annotations, CommitStatus, PullRequest } from "../forge/forge.ts";

/** One thing to do. `key` is its lane: at most one effect of a lane is in flight. */
export type BotEffect =
  /** See which pull requests are open, which were merged, and where the branch stands. `head` is what is known already. */
  | { readonly kind: "look"; readonly key: "look"; readonly head: string | null; readonly wakes: number }
  /** Find out what a pull request would do, and whether the result is valid. */
  | { readonly kind: "judge-pull"; readonly key: "judge"; readonly pull: PullRequest; readonly baseTip: string }
  /** Find out whether a commit of the branch is valid and what it changes since `base`. */
  | {
      readonly kind: "judge-commit";
      readonly key: "judge";
      readonly commit: string;
      readonly base: string | null;
      readonly pull: PullRequest | null;
    }
  | { readonly kind: "read-pull"; readonly key: "read"; readonly pull: PullRequest }
  | { readonly kind: "read-commit"; readonly key: "read"; readonly commit: string }
  | { readonly kind: "set-status"; readonly key: "write"; readonly commit: string; readonly status: CommitStatus }
  | { readonly kind: "annotate"; readonly key: "write"; readonly commit: string; readonly annotations: Annotations }
  | { readonly kind: "create-comment"; readonly key: "write"; readonly pull: number; readonly body: string }
  | {
      readonly kind: "edit-comment";
      readonly key: "write";
      readonly pull: number;
      readonly id: number;
      readonly body: string;
    }
  | { readonly kind: "delete-comment"; readonly key: "write"; readonly pull: number; readonly id: number }
  /** Bring the status branch up to date. */
  | {
      readonly kind: "publish";
      readonly key: "publish";
      readonly branch: string;
      readonly intervalMs: number;
      /** What NATS had said when this was decided. */
      readonly version: number;
    };

/** What one thing of an effect is about, for resting after a failure that only it has. */
export function subjectOf(effect: BotEffect): string {
  switch (effect.kind) {
    case "look":
    case "publish":
      return effect.kind;
    case "judge-pull":
      return pullSubject("judge-pull", effect.pull.number, effect.pull.head, effect.baseTip);
    case "read-pull":
      return `${effect.kind} #${effect.pull.number}`;
    case "judge-commit":
    case "read-commit":
    case "annotate":
      return `${effect.kind} ${effect.commit}`;
    case "set-status":
      return `set-status ${effect.commit} ${effect.status.context}`;
    case "create-comment":
    case "edit-comment":
    case "delete-comment":
      return `${effect.kind} #${effect.pull}`;
  }
}

/** A pull request at one moment: when it or its base moves, what rested is another subject. */
export function pullSubject(kind: "judge-pull", pull: number, head: string, baseTip: string): string {
  return `${kind} #${pull} ${head} ${baseTip}`;
}
