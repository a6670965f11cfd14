/** What the YAML parser says, in words that tell a person what to look for. */

/** By what the parser calls it; the rest is plain enough as it is. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  [
    "deficient indentation",
    "this line is indented less than what it belongs to; indent it, or close the quote or bracket above",
  ],
  [
    "bad indentation of a mapping entry",
    'the value is not whole or the line does not align with the others; write text with ": ", quotes, or one of @ ` % in quotes',
  ],
  ["bad indentation of a sequence entry", "the line does not align with the list that it belongs to"],
  [
    "end of the stream or a document separator is expected",
    "the document has ended here; align the line with the ones above, or begin a new document with ---",
  ],
  [
    "can not read a block mapping entry; a multiline key may not be an implicit key",
    'the line above is no "key: value"; add the colon and the value',
  ],
  ["expected ':' after a mapping key", 'a "key: value" lacks its colon'],
  ["missed comma between flow collection entries", "there is no comma between two entries, or a bracket does not fit"],
  ["tab characters must not be used in indentation", "a tab stands where YAML wants spaces; indent with spaces"],
  ["the stream contains non-printable characters", "there is a character that cannot be printed; remove it"],
  ["unknown escape sequence", "there is no such escape in double quotes; write \\\\ for \\, or use single quotes"],
  ["unexpected end of the stream within a flow collection", "a bracket is not closed"],
  ["unexpected end of the stream within a double quoted scalar", "a double quote is not closed"],
  ["unexpected end of the stream within a single quoted scalar", "a single quote is not closed"],
]);

/** The meaning of a reason that the parser gave. */
export function plainReason(reason: string): string {
  return MEANINGS.get(reason) ?? reason;
}
