/** A plan as people read it: what would be written and run with `--print`, and each step as it is done. */
import type { Owner, Plan, Step } from "./step.ts";

/** One step in one line: `write /etc/gitfleet/agent.yaml (0600)`. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case "folder":
      return `make ${step.path}/ ${accessText(step)}`;
    case "permit":
      return `set ${step.path} to ${accessText(step)}`;
    case "file":
      return `${step.replaces ? "replace" : "write"} ${step.path} ${accessText(step)}`;
    case "copy":
      return `copy ${step.from} to ${step.path} ${accessText(step)}`;
    case "delete":
      return `delete ${step.path}`;
    case "delete-folder":
      return `delete ${step.path}/ and everything in it`;
    case "delete-empty":
      return `delete ${step.path}/ if nothing is in it`;
    case "run":
      return `run ${commandText(step.words)}`;
  }
}

/** The whole plan: every file with its content (passwords aside), every command. Nothing else would happen. */
export function planText(plan: Plan): string {
  const steps = plan.steps.map((step) =>
    step.kind === "file" ? `${stepText(step)}\n${indented(step.text)}` : `${stepText(step)}\n`,
  );
  const nothing = steps.length === 0 ? "nothing to write or run\n" : "";
  return `${nothing}${steps.join("")}${afterwordsText(plan)}`;
}

/** What a plan leaves alone, refuses, and leaves to a person. */
export function afterwordsText({ kept, refused, remaining }: Plan): string {
  const lines = [...kept.map((line) => `keep ${line}`), ...refused.map((line) => `NOT DONE: ${line}`)];
  const left = remaining.map(({ words, so }) => `  ${commandText(words)}   # so that ${so}`);
  const intro = left.length === 0 ? [] : ["left to you, because no systemd of that device runs here:"];
  return [...lines, ...intro, ...left].map((line) => `${line}\n`).join("");
}

/** As one would type it. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function accessText({ mode, owner }: { mode: number; owner: Owner }): string {
  const bits = mode.toString(8).padStart(4, "0");
  return owner === null ? `(${bits})` : `(${bits}, ${owner.uid === 0 ? "root" : String(owner.uid)})`;
}

// A NATS server's address may carry a password, and a terminal's text ends up in many places.
function indented(text: string): string {
  return text
    .replaceAll(/(:\/\/)[^@/\s]+@/g, "$1***@")
    .trimEnd()
    .split("\n")
    .map((line) => `${line === "" ? "" : `    ${line}`}\n`)
    .join("");
}
