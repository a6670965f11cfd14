/** Row 2: from nothing to the bytes of every file. */
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ColdStart } from "../cold-start-process.ts";
import { forked } from "../forked.ts";
import { interleaved } from "../interleaved.ts";
import { figure, type Row, type RowContext, type SizeName } from "../row.ts";
import { nativeGit, servedRepository } from "../served-repository.ts";
import { SIZES } from "../sizes.ts";

const TARGET = 1.5;

export const coldStartRow: Row = {
  row: 2,
  what: "cold start: fetch and read every file",
  limitIs: "`git clone --bare --depth 1` + `git cat-file --batch` of every file",
  async *measure(context) {
    const sizes: readonly SizeName[] = context.quick ? ["M"] : ["M", "L", "L'", "XL"];
    for (const size of sizes) yield await measureSize(size, context);
  },
};

async function measureSize(size: SizeName, context: RowContext) {
  const { url, scratch } = await servedRepository(SIZES[size], context);
  const ours: ColdStart[] = [];
  const theirs: Contents[] = [];
  const best = await interleaved(
    async () => {
      context.signal.throwIfAborted();
      const { ms, answer } = await byGitfleet(url, context.signal);
      ours.push(answer);
      return ms;
    },
    async () => {
      const { ms, contents } = await byGit(url, join(scratch, "clone.git"));
      theirs.push(contents);
      return ms;
    },
  );
  const read = new Set([...ours, ...theirs].map(({ digest }) => digest));
  if (read.size !== 1) throw new Error("gitfleet and git did not read the same bytes");
  const loop_delay_p99_ms = Math.min(...ours.map((answer) => answer.loop_delay_p99_ms));
  return figure({
    row: 2,
    what: coldStartRow.what,
    size,
    unit: "ms",
    value: best.ours,
    limit: best.limit,
    target: TARGET,
    loop_delay_p99_ms,
  });
}

/** In a process that has loaded its code and done nothing yet: from when it is told to the moment at which it has everything. */
async function byGitfleet(url: string, signal: AbortSignal): Promise<{ ms: number; answer: ColdStart }> {
  const reader = forked("cold-start-process.ts", [url], signal);
  await reader.said();
  const fromMs = performance.now();
  reader.tell({});
  await reader.said();
  const ms = performance.now() - fromMs;
  const answer = (await reader.said()) as ColdStart;
  await reader.stop();
  return { ms, answer };
}

interface Contents {
  readonly digest: string;
}

async function byGit(url: string, clone: string): Promise<{ ms: number; contents: Contents }> {
  rmSync(clone, { recursive: true, force: true });
  const fromMs = performance.now();
  await nativeGit(["clone", "--quiet", "--bare", "--depth", "1", url, clone], ".");
  const files = await nativeGit(["ls-tree", "-r", "--object-only", "HEAD"], clone);
  const contents = await allContents(clone, files);
  const ms = performance.now() - fromMs;
  return { ms, contents: { digest: hash("sha256", withoutHeaders(contents)) } };
}

async function allContents(cwd: string, ids: string): Promise<Buffer> {
  const batch = spawn("git", ["cat-file", "--batch"], { cwd, stdio: ["pipe", "pipe", "inherit"] });
  batch.stdin.end(ids);
  const chunks: Buffer[] = [];
  for await (const chunk of batch.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// `<id> blob <size>`, a line end, the bytes, a line end.
function withoutHeaders(output: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < output.length;) {
    const line = output.indexOf("\n", at);
    const size = Number(output.toString("latin1", at, line).split(" ")[2]);
    parts.push(output.subarray(line + 1, line + 1 + size));
    at = line + 1 + size + 1;
  }
  return Buffer.concat(parts);
}
