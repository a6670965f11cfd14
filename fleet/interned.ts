/** One string for all that are equal: a fleet says the same few thousand words a million times. */

/** So many are remembered; then it starts over, since a fleet may also say a million different ones. */
const WORDS_MAX = 50_000;

let words = new Map<string, string>();

/**
 * The same text, as a string that stands for itself: what is cut out of a file's text keeps all of that text in memory
 * for as long as the piece is held.
 */
export function interned(text: string): string {
  const known = words.get(text);
  if (known !== undefined) return known;
  // The name of a property is a copy of its own, shared by the whole program, and forgotten when nobody holds it.
  const own = Object.keys({ [text]: null })[0] ?? text;
  if (words.size >= WORDS_MAX) words = new Map();
  words.set(own, own);
  return own;
}
