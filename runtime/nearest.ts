/** The nearest known word to one that is not known, for "did you mean". */

// Further away than this many edits a suggestion is a guess that only distracts.
const EDITS_MAX = 3;
const WORD_MAX_LENGTH = 64;

/** The known word that needs the fewest edits (a swap counts as one), or null where none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > WORD_MAX_LENGTH) return null;
  let best: string | null = null;
  let bestEdits = Math.min(EDITS_MAX, Math.ceil(word.length / 2)) + 1;
  for (const candidate of known) {
    const edits = startsLike(word, candidate) ? 1 : editsBetween(word, candidate);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

// `dev` for `devices`: a beginning is what people type.
function startsLike(word: string, candidate: string): boolean {
  return word.length >= 3 && candidate.startsWith(word);
}

// Optimal string alignment: insert, delete, replace, swap neighbours.
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
