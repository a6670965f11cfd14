/** The commands that a document shows in its shell blocks, as words. */

/** Each command of every `sh` block: lines joined at `\`, without comments, a trailing `&` and redirections. */
export function commandsIn(markdown: string): string[][] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text ?? "");
  return blocks
    .flatMap((text) => text.replaceAll(/\\\n\s*/g, " ").split("\n"))
    .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split("&&"))
    .map((line) => line.replace(/\s&\s*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));
}
