/** A made-up fleet in which one file in a hundred has a mistake, of every kind that people make. */
import type { GeneratedFile } from "./generated-fleet.ts";

/** One file in so many is spoiled. */
const SPOILED_EVERY = 100;

/** What is written, and what somebody wrote instead. Each is YAML that reads well and says something wrong. */
const MISTAKES: readonly (readonly [RegExp, string])[] = [
  [/^ {2}name: (.*)$/m, "  name: Not_a_name"],
  [/^kind: (.*)$/m, "kind: $1\npaused: true"],
  [/^ {2}annotations:$/m, "  anotations:"],
  [/^ {6}group: .*$|^ {4}group: .*$/m, "    group: -g"],
  [/^apiVersion: .*$/m, "apiVersion: gitfleet.dev/v1"],
];

/** The same files, some of them spoiled. */
export function* spoiled(files: Iterable<GeneratedFile>): Generator<GeneratedFile> {
  let index = 0;
  for (const { path, text } of files) {
    index += 1;
    if (index % SPOILED_EVERY !== 0) yield { path, text };
    else {
      const [written, instead] = MISTAKES[(index / SPOILED_EVERY) % MISTAKES.length] ?? [/$/, ""];
      yield { path, text: text.replace(written, instead) };
    }
  }
}
