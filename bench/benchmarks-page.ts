/** docs/benchmarks.md: what the last whole run came to, with all that is needed to judge it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { figuresMarkdown } from "./figure-text.ts";
import { machineFacts } from "./machine.ts";
import type { Figure } from "./row.ts";
import { loadRow, rowNumbers } from "./rows.ts";
import { SIZES, pairsOf } from "./sizes.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** What a whole run came to. */
export interface BenchmarksPage {
  readonly figures: readonly Figure[];
  readonly failures: readonly string[];
  /** Each part's own text. */
  readonly parts: readonly { readonly name: string; readonly text: string }[];
}

/** Writes the page and formats it as the rest of the repository is. */
export async function writeBenchmarksPage(page: BenchmarksPage): Promise<void> {
  const path = resolve(ROOT, "docs/benchmarks.md");
  writeFileSync(path, await pageText(page));
  execFileSync(resolve(ROOT, "node_modules/.bin/oxfmt"), [path], { cwd: ROOT });
}

async function pageText({ figures, failures, parts }: BenchmarksPage): Promise<string> {
  const facts = (await machineFacts()).map(([name, value]) => `| ${name} | ${value} |`);
  return [
    "# Benchmarks",
    "Written by `npm run bench`; not edited by hand. Each figure stands beside the physical limit of the same work, taken in the same run on the same machine, in turn, best of three. The ratio is what counts: absolute times depend on the machine.",
    `| | |\n|---|---|\n${facts.join("\n")}`,
    "## The table",
    figuresMarkdown(figures),
    failures.length === 0 ? "" : `Not measured in this run:\n\n${failures.map((one) => `- ${one}`).join("\n")}`,
    "## What the limits are",
    await limitsText(),
    "## Sizes",
    `| size | deployments | devices | pairs | files |\n|---|---|---|---|---|\n${sizesText()}`,
    "A pair is one deployment on one device: one key in `desired-state`. The fleet is made up, the same for the same index: each deployment selects one group of devices, one in ten says something different on each device.",
    "## Whole stories",
    ...parts.map(({ name, text }) => `### ${name}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\``),
    "",
  ]
    .filter((block) => block !== "")
    .join("\n\n");
}

async function limitsText(): Promise<string> {
  const lines: string[] = [];
  for (const number of rowNumbers()) {
    const row = await loadRow(number);
    if (row !== null) lines.push(`| ${row.row} | ${row.what} | ${row.limitIs} |`);
  }
  return `| row | what | the limit |\n|---|---|---|\n${lines.join("\n")}`;
}

function sizesText(): string {
  return Object.values(SIZES)
    .map((size) => {
      const { name, deployments, devices, files, sharded } = size;
      const stands = files === "one-each" ? "one each" : `${files} for devices, ${files} for deployments`;
      const count = (value: number): string => value.toLocaleString("en-US");
      return `| ${name} | ${count(deployments)} | ${count(devices)} | ${count(pairsOf(size))} | ${stands}${sharded ? ", in folders" : ""} |`;
    })
    .join("\n");
}
