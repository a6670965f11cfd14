/** What each character may do in the plain part of YAML, as a table of bits. */

/** May stand in a key, behind its first character. */
export const IN_KEY = 1;
/** May begin a key: what begins with a letter is text, but for a few words. */
export const BEGINS_KEY = 2;
/** May begin a plain scalar whatever follows. */
export const BEGINS_SCALAR = 4;
/** Needs a second look inside a plain scalar: `:`, `#`, and what ends one inside brackets. */
export const ASKS_IN_SCALAR = 8;
/** May stand in text at all. */
export const PRINTS = 16;

const TABLE = new Uint8Array(128);

function mark(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    TABLE[code] = (TABLE[code] ?? 0) | bits;
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
for (let code = 0x20; code < 0x7f; code += 1) mark(String.fromCharCode(code), PRINTS);
mark(`${LETTERS}_`, IN_KEY | BEGINS_KEY | BEGINS_SCALAR);
mark("0123456789./", IN_KEY | BEGINS_SCALAR);
mark("-", IN_KEY);
mark("+$~(\\^;<=", BEGINS_SCALAR);
mark(":#,[]{}", ASKS_IN_SCALAR);

/** The bits of a character. Outside of ASCII what prints without doubt may stand in text; the rest may do nothing. */
export function bitsOf(code: number): number {
  if (code < 128) return TABLE[code] ?? 0;
  return (code > 0xa0 && code < 0x2000) || (code > 0x3000 && code < 0xd800) ? PRINTS | BEGINS_SCALAR : 0;
}
