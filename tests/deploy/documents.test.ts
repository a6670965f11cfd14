/** The commands that the documents show for Kubernetes: each names what is there, in words that its program takes. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { visibleSettings } from "#cli/help.ts";
import { parseArguments } from "#cli/parse-arguments.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { kubectl } from "./kubectl.ts";
import { commandsIn } from "./shell-blocks.ts";
import { VARIANTS } from "./variants.ts";
import { workloads } from "./workloads.ts";

const DOCUMENTS = ["README.md", "deploy/kubernetes/README.md"];
const objects = VARIANTS.flatMap((variant) => variant.objects);
const images = workloads(objects).map(({ container }) => container.image);

describe.each(DOCUMENTS)("%s", (path) => {
  const text = readFileSync(join(repositoryRoot, path), "utf8");

  test("shows how the image is made and how it is installed", () => {
    expect(commandsOf(text, "npm").join("\n")).toContain("npm run image -- --tag ");
    expect(commandsOf(text, "kubectl").join("\n")).toContain("kubectl apply --kustomize");
  });

  test("makes and pushes the image that the overlays name", () => {
    const named = [...commandsOf(text, "npm"), ...commandsOf(text, "podman")].flatMap(
      (line) => line.match(/registry\.\S+/g) ?? [],
    );
    expect(named).toHaveLength(2);
    expect(images).toEqual(expect.arrayContaining(named));
  });

  test.each(commandsOf(text, "kubectl"))("%s", async (line) => {
    // kubectl reads all options before it helps: one that it does not know is an error.
    expect(await kubectl([...line.split(" ").slice(1), "--help"])).toContain("Usage:");
    expect(missingFiles(line)).toEqual([]);
    const namespaces = [...line.matchAll(/(?:--namespace|delete namespace) (\S+)/g)].map(([, name]) => name);
    expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(expect.arrayContaining(namespaces));
    const named = line.split(" ").filter((word) => /^(?:deployment|service|statefulset)\//.test(word));
    expect(objects.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`)).toEqual(
      expect.arrayContaining(named),
    );
  });

  test("shows gitfleet's own commands as they are", async () => {
    const lines = commandsOf(text, "bin/gitfleet");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [, name = "", ...words] = line.split(" ");
      if (name === "--help") continue;
      const entry = COMMANDS.find((one) => one.name === name);
      if (entry === undefined) throw new Error(`there is no command ${name}`);
      const { command } = await entry.load();
      // Throws where it is no command line of that command.
      parseArguments(words, visibleSettings(command), command.arguments);
    }
  });
});

function commandsOf(text: string, program: string): string[] {
  return commandsIn(text)
    .map((words) => words.join(" "))
    .filter((line) => line.startsWith(`${program} `));
}

/** What a command names below deploy/ and is not there. */
function missingFiles(line: string): string[] {
  return [...line.matchAll(/\bdeploy\/\S+/g)]
    .map(([path]) => path)
    .filter((path) => !existsSync(join(repositoryRoot, path)));
}
