/** A commit as text for `git fast-import`: the quickest way to write many files. */
import type { Person } from "./git-objects.ts";

/** What to commit: path → content, or null to delete it. */
export type FileEdits = Readonly<Record<string, string | Uint8Array | null>>;

export interface NewCommit {
  /** Moves here, whatever it was. */
  readonly ref: string;
  /** Null for a root. */
  readonly parent: string | null;
  readonly files: FileEdits;
  readonly message: string;
  readonly author: Person;
  readonly atMs: number;
}

/** One commit as `git fast-import` reads it. */
export function importStream(options: NewCommit): Buffer {
  const { author, atMs, message } = options;
  const parts: Uint8Array[] = [];
  const line = (text: string): number => parts.push(Buffer.from(`${text}\n`));
  const data = (content: string | Uint8Array): void => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    line(`data ${bytes.length}`);
    parts.push(bytes);
    line("");
  };
  line(`commit ${options.ref}`);
  line(`committer ${author.name} <${author.email}> ${gitDate(atMs)}`);
  data(message);
  if (options.parent === null) line("deleteall");
  else line(`from ${options.parent}`);
  for (const [path, content] of Object.entries(options.files)) {
    line(content === null ? `D ${quoted(path)}` : `M 100644 inline ${quoted(path)}`);
    if (content !== null) data(content);
  }
  return Buffer.concat(parts);
}

function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** Seconds since 1970, in UTC. */
export function gitDate(atMs: number): string {
  return `${Math.floor(atMs / 1000)} +0000`;
}
