/** The order of texts by their UTF-8 bytes: that of git, of NATS keys, and of everything listed. */

/** UTF-16 and UTF-8 order differ only where surrogates meet characters above them. */
const SURROGATE_OR_ABOVE = /[\ud800-\uffff]/;

/** Negative where `a` comes first. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  if (SURROGATE_OR_ABOVE.test(a) || SURROGATE_OR_ABOVE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}
