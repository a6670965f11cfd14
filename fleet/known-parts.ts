/** The documents of a file that holds many, remembered so that those which did not change need not be read again. */
import { hash } from "node:crypto";
import { LISTS, type Collection, type ParsedObjects } from "./parsed-objects.ts";

/** As latin1 text, so that those of a file are one string. */
const DIGEST_LENGTH = 20;
/** Stands in place of the digest of a part with problems: those are read again. */
const NO_DIGEST = "\0".repeat(DIGEST_LENGTH);

/** What tells a part of a file from any other: its text, by the digest that tells files apart in git, too. */
export function partDigest(text: string): string {
  return hash("sha1", text, "binary");
}

/** Columns over the parts of a file, in order: a million documents are kept this way. */
export class KnownParts {
  readonly #digests: string;
  /** How many lines stand above each. */
  readonly #lines: Int32Array;
  /** What had been collected when each began, list by list, and a last row for the end. */
  readonly #ends: Int32Array;

  constructor(digests: string, lines: readonly number[], ends: readonly number[]) {
    this.#digests = digests;
    this.#lines = Int32Array.from(lines);
    this.#ends = Int32Array.from(ends);
  }

  /** Adds what the same text at the same line made before. False where there was no such part. */
  recall(objects: ParsedObjects, into: Collection, line: number, digest: string): boolean {
    const part = this.#at(line);
    if (part < 0 || !this.#digests.startsWith(digest, part * DIGEST_LENGTH)) return false;
    for (const [column, list] of LISTS.entries()) {
      const target: unknown[] = into[list];
      const end = this.#ends[(part + 1) * LISTS.length + column] ?? 0;
      for (let at = this.#ends[part * LISTS.length + column] ?? 0; at < end; at += 1) target.push(objects[list][at]);
    }
    return true;
  }

  /** The part that so many lines stand above, or -1. */
  #at(line: number): number {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lines[middle] ?? 0) < line) low = middle + 1;
      else high = middle;
    }
    return this.#lines[low] === line ? low : -1;
  }
}

/** Notes part after part while a file is read. */
export class PartsNotes {
  readonly #digests: string[] = [];
  readonly #lines: number[] = [];
  readonly #ends: number[] = [];

  /** Before a part is read. */
  begin(line: number, digest: string, collected: Collection): void {
    this.#digests.push(digest);
    this.#lines.push(line);
    for (const list of LISTS) this.#ends.push(collected[list].length);
  }

  /** The part that was begun last is not to be recalled. */
  spoil(): void {
    this.#digests[this.#digests.length - 1] = NO_DIGEST;
  }

  /** Null for a file of one document: nothing of it stays where it changes. */
  parts(collected: Collection): KnownParts | null {
    if (this.#digests.length < 2) return null;
    for (const list of LISTS) this.#ends.push(collected[list].length);
    return new KnownParts(Buffer.from(this.#digests.join(""), "latin1").toString("latin1"), this.#lines, this.#ends);
  }
}
