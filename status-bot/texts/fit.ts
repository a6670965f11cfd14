/** Sections within a limit: whole ones are left out, the last ones first, and what was left out is said. */
import { Buffer } from "node:buffer";
import { count } from "./markdown.ts";

/** A part of a text that is shown whole or not at all. */
export interface Section {
  readonly text: string;
  /** What it is called where it is left out: sections of one name are counted together. */
  readonly name: string;
}

/** `head` and as many sections as fit into `maxBytes` (UTF-8), with a line about the others. */
export function fitSections(head: string, sections: readonly Section[], maxBytes: number): string {
  const room = maxBytes - sizeOf(cutNote(sections));
  const shown: string[] = [head];
  const cut: Section[] = [];
  let used = sizeOf(head);
  for (const section of sections) {
    const size = sizeOf(`\n\n${section.text}`);
    if (used + size <= room) {
      used += size;
      shown.push(section.text);
    } else {
      cut.push(section);
    }
  }
  return `${shown.join("\n\n")}${cutNote(cut)}`;
}

function cutNote(cut: readonly Section[]): string {
  if (cut.length === 0) return "";
  const counts = new Map<string, number>();
  for (const { name } of cut) counts.set(name, (counts.get(name) ?? 0) + 1);
  const what = [...counts].map(([name, times]) => count(times, name)).join(", ");
  return `\n\n_Left out, since a comment may not be longer: ${what}. \`gitfleet plan\` shows everything._`;
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
