/** A text with memory of its own: a piece cut out of a longer one keeps all of that one alive. */

/** The same text, to be kept for long. */
export function ownText<Text extends string>(text: Text): Text {
  return Buffer.from(text, "utf8").toString("utf8") as Text;
}
