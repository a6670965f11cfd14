/** `gitfleet validate`: every problem of a fleet repository in one pass. */
import { relative } from "node:path";
import { z } from "zod";
import { coverageWarnings } from "#fleet/desired.ts";
import { validateGithub, validateJson } from "#fleet/validate-text.ts";
import { findRepository } from "#git/local-layout.ts";
import { defineCommand } from "../command.ts";
import { folderOf, printWarnings, readFleetFolder, warnWhereEmpty, type FolderReading } from "../fleet-folder.ts";
import type { Paint } from "../io.ts";
import { count, problemCount, problemLines } from "../problem-text.ts";
import { DIR_ARGUMENT, formatSetting } from "../settings.ts";

export const command = defineCommand({
  name: "validate",
  summary: "check a fleet repository; every problem with file:line:column",
  examples: [
    { line: "gitfleet validate", does: "check the folder you are in" },
    { line: "gitfleet validate shop-floor --format json", does: "for programs" },
    { line: "gitfleet validate --format github", does: "in a workflow: GitHub shows each problem at its line" },
  ],
  arguments: [DIR_ARGUMENT],
  settings: z.object({ format: formatSetting(["text", "json", "github"]) }),
  notes: [
    "The files are read as they are in the folder, committed or not. A repository is valid or it is not: one problem\n" +
      "and the reconciler refuses the whole commit. Exit code 1 means that there are problems.",
  ],
  run: async ({ settings, args, io }) => {
    const folder = folderOf(args[0], io);
    const reading = readFleetFolder(folder);
    warnWhereEmpty(reading, folder, io);
    printWarnings(reading.warnings, io);
    if (reading.fleet !== null) printWarnings(coverageWarnings(reading.fleet), io);
    switch (settings.format) {
      case "text":
        io.out(problemLines(reading.problems) + verdict(reading, io.paint));
        break;
      case "json":
        io.out(`${JSON.stringify(validateJson(reading))}\n`);
        break;
      case "github":
        io.out(validateGithub(reading, pathInCheckout(folder)));
        io.err(verdict(reading, io.paintErr));
        break;
    }
    return reading.fleet === null ? 1 : 0;
  },
});

function verdict({ fleet, problems, deployments, devices }: FolderReading, paint: Paint): string {
  const found = `${count(deployments, "deployment")}, ${count(devices, "device")}`;
  if (fleet !== null) return `${paint("green", "valid:")} ${found}\n`;
  return `${paint("red", "not valid:")} ${problemCount(problems)} (${found})\n`;
}

// GitHub knows files by their path from the top of the checkout, and the fleet may be in a folder of it.
function pathInCheckout(folder: string): string {
  const top = findRepository(folder);
  return top === null || top === folder ? "" : `${relative(top, folder)}/`;
}
