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

/** By name, without those that are the same object in both; null where a name comes twice among what is there now. */
export function entryChanges<E extends Named<string, unknown>>(
  changes: readonly FileChange[],
  entriesOf: (objects: ParsedObjects) => readonly E[],
): Map<E["name"], EntryChange<E>> | null {
  const found = new Map<E["name"], EntryChange<E>>();
  for (const { before } of changes) {
    for (const entry of before === undefined ? [] : entriesOf(before.objects)) {
      found.set(entry.name, { before: entry, after: undefined });
    }
  }
  for (const { after } of changes) {
    for (const entry of after === undefined ? [] : entriesOf(after.objects)) {
      const known = found.get(entry.name);
      if (known?.after !== undefined) return null;
      found.set(entry.name, { before: known?.before, after: entry });
    }
  }
  for (const [name, { before, after }] of found) if (before === after) found.delete(name);
  return found;
}
