/** The Secrets that people make by the commands of deploy/kubernetes/README.md: each command run, without a cluster. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { kubectl, objectsIn } from "./kubectl.ts";
import { commandsIn } from "./shell-blocks.ts";

/** By name, the keys that each Secret gets. */
export async function madeSecrets(): Promise<Map<string, string[]>> {
  const readme = readFileSync(join(repositoryRoot, "deploy", "kubernetes", "README.md"), "utf8");
  const commands = commandsIn(readme).filter((words) => words.join(" ").includes(" create secret "));
  const made = new Map<string, string[]>();
  for (const [program, ...words] of commands) {
    if (program !== "kubectl") throw new Error(`${program} makes no Secret`);
    const { metadata, data } = await dryRun(words);
    made.set(metadata.name, Object.keys(data));
  }
  return made;
}

async function dryRun(words: readonly string[]): Promise<{ metadata: { name: string }; data: Record<string, string> }> {
  const scratch = scratchFolder("secret");
  try {
    for (const word of words) {
      const file = /^--from-file=[^=]+=(.+)$/.exec(word)?.[1];
      if (file !== undefined) writeFileSync(join(scratch.path, file), "secret");
    }
    const [secret] = objectsIn(await kubectl([...words, "--dry-run=client", "--output=yaml"], scratch.path));
    return secret as unknown as { metadata: { name: string }; data: Record<string, string> };
  } finally {
    scratch.remove();
  }
}
