/** What the reconciler remembers of a value: enough to tell it from every other, and no more. */

/** `sha256:` comes before it. */
const HEX_BEGINS = 7;
/** 13 hex digits are 52 bits: what a number holds exactly. */
const HEX_ENDS = 20;

/** The first 52 bits of a digest such as `sha256:9f86d0…`. */
export function fingerprintOf(digest: string): number {
  return Number.parseInt(digest.slice(HEX_BEGINS, HEX_ENDS), 16);
}
