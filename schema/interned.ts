/** One string for all that are equal: a fleet says the same few thousand words a million times. */

/** So many are remembered; then it starts over, since a fleet may also say a million different ones. */
const WORDS_MAX = 50_000;
/** Longer texts are not words. */
const WORD_LENGTH_MAX = 64;
/** Shorter pieces of a text are copies anyway. */
const PIECE_LENGTH_MIN = 13;

let words = new Map<string, string>();

/** The same text, shared with all that were equal to it lately. */
export function interned(text: string): string {
  if (text.length > WORD_LENGTH_MAX) return standingAlone(text);
  const known = words.get(text);
  if (known !== undefined) return known;
  const own = standingAlone(text);
  if (words.size >= WORDS_MAX) words = new Map();
  words.set(own, own);
  return own;
}

/**
 * The same text as a string that stands for itself: what is cut out of a file's text keeps all of that text in memory
 * for as long as the piece is held.
 */
export function standingAlone(text: string): string {
  return text.length < PIECE_LENGTH_MIN ? text : (JSON.parse(JSON.stringify(text)) as string);
}
