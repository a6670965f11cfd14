/** Labels of one thing, as small as can be: a fleet holds them a million times. */
import type { Labels } from "./labels.ts";

/** A map over a list in which each key stands before its value. For a handful of labels that is the soonest way, too. */
export class LabelList implements Labels {
  readonly #words: readonly string[];

  constructor(labels: Readonly<Record<string, string>>) {
    this.#words = Object.entries(labels).flat();
  }

  get size(): number {
    return this.#words.length / 2;
  }

  get(key: string): string | undefined {
    const words = this.#words;
    for (let at = 0; at < words.length; at += 2) if (words[at] === key) return words[at + 1];
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): Generator<[string, string], undefined> {
    const words = this.#words;
    for (let at = 0; at < words.length; at += 2) yield [words[at] ?? "", words[at + 1] ?? ""];
  }

  *keys(): Generator<string, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<string, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[string, string], undefined> {
    return this.entries();
  }

  forEach(visit: (value: string, key: string, labels: Labels) => void): void {
    const words = this.#words;
    for (let at = 0; at < words.length; at += 2) visit(words[at + 1] ?? "", words[at] ?? "", this);
  }

  /** True where both say the same, in whatever order. */
  equals(other: LabelList): boolean {
    const [own, others] = [this.#words, other.#words];
    if (own.length !== others.length) return false;
    if (own.every((word, at) => word === others[at])) return true;
    return own.every((word, at) => at % 2 === 1 || other.get(word) === own[at + 1]);
  }
}
