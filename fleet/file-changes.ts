/** What changed files change about the documents in them: who comes, who goes, who is another one. */
import type { ParsedFile } from "./parsed-file.ts";
import type { Named, ParsedObjects } from "./parsed-objects.ts";

/** A file that is another one now; undefined where there was or is none. */
export interface FileChange {
  readonly before: ParsedFile | undefined;
  readonly after: ParsedFile | undefined;
}

/** A document that is another one now. */
export interface EntryChange<E> {
  readonly before: E | undefined;
  readonly after: E | undefined;
}

/**
 * By name, without those that are the same object in both; null where a name comes twice among them. Documents that a
 * file had before and has now at its beginning and at its end are not looked at.
 */
export function entryChanges<E extends Named<string, unknown>>(
  changes: readonly FileChange[],
  entriesOf: (objects: ParsedObjects) => readonly E[],
): Map<E["name"], EntryChange<E>> | null {
  const found = new Map<E["name"], EntryChange<E>>();
  for (const { before, after } of changes) {
    const [old, young] = [before, after].map((file) => (file === undefined ? [] : entriesOf(file.objects)));
    const [gone, come] = withoutCommonEnds(old ?? [], young ?? []);
    for (const entry of gone) found.set(entry.name, { before: entry, after: found.get(entry.name)?.after });
    for (const entry of come) {
      const known = found.get(entry.name);
      if (known?.after !== undefined) return null;
      found.set(entry.name, { before: known?.before, after: entry });
    }
  }
  for (const [name, { before, after }] of found) if (before === after) found.delete(name);
  return found;
}

function withoutCommonEnds<E>(before: readonly E[], after: readonly E[]): [readonly E[], readonly E[]] {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let kept = 0;
  while (kept < shorter - from && before[before.length - 1 - kept] === after[after.length - 1 - kept]) kept += 1;
  return [before.slice(from, before.length - kept), after.slice(from, after.length - kept)];
}
