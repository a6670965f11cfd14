/** A forge that is only read: every write is printed instead, and taken for done. */
import type { ForgeWriter, OwnComment } from "./forge.ts";

/** `print` gets one text for each write, with what would be written. */
export function dryRunWriter(print: (text: string) => void, nowMs: () => number): ForgeWriter {
  let nextId = Number.MAX_SAFE_INTEGER - 1_000_000;
  const comment = (id: number, body: string): OwnComment => ({ id, body, updatedAtMs: nowMs() });
  return {
    setStatus: async (commit, { context, state, description }) => {
      print(`would set the status ${context} of ${commit}: ${state}: ${description}\n`);
    },
    createComment: async (pull, body) => {
      print(`would comment on #${pull}:\n${body}\n`);
      nextId += 1;
      return comment(nextId, body);
    },
    editComment: async (pull, id, body) => {
      print(`would edit the comment ${id} on #${pull}:\n${body}\n`);
      return comment(id, body);
    },
    deleteComment: async (pull, id) => print(`would delete the comment ${id} on #${pull}\n`),
    annotate: async (commit, { conclusion, title, lines }) => {
      const list = lines.map(({ path, line, message }) => `  ${path}:${line} ${message}\n`).join("");
      print(`would annotate ${commit}: ${conclusion}: ${title}\n${list}`);
    },
  };
}
