/** docs/settings.md: each file that can be written to set something, with every key explained, made from the definitions. */
import { DEFAULT_SETTINGS } from "#fleet/fleet.ts";
import type { Setting } from "#runtime/settings.ts";
import { API_VERSION, documentShape } from "#schema/documents.ts";
import type { Shape } from "#schema/shape.ts";
import type { Command } from "./command.ts";
import { command as agent } from "./commands/agent.ts";
import { command as reconciler } from "./commands/reconciler.ts";
import { command as statusBot } from "./commands/status-bot.ts";
import { CONFIG_SETTING, visibleSettings } from "./help.ts";

/** The programs that are configured by a file. */
export const CONFIGURED: readonly Command[] = [reconciler, statusBot, agent];

const HEAD = `# Settings

Made from the definitions in the code (\`npm run docs\` writes this file).

The programs that run for long read a YAML file named by \`--config\` or \`GITFLEET_CONFIG\`. Each key is also a flag
(\`poll-interval: 10s\` is \`--poll-interval 10s\`) and an environment variable (\`GITFLEET_POLL_INTERVAL=10s\`). Flags win
over the environment, the environment over the file. Unknown keys are errors. A line that is commented out has no default;
all others show it. Secrets belong into files that only the program can read, or into the environment.

The environment also knows: \`GITFLEET_DEBUG=1\` (errors of the command line say where they happened), \`NO_COLOR\` (no
colours), and what Node reads itself, \`NODE_EXTRA_CA_CERTS\`, \`HTTPS_PROXY\` with \`NODE_USE_ENV_PROXY=1\` among it.

What one program must agree on with another: \`nats\` and \`bucket-prefix\` everywhere, \`repo\`, \`branch\` and \`path\` between
reconciler and status bot.
`;

/** The whole text of docs/settings.md. */
export function settingsReference(): string {
  const files = CONFIGURED.map((command) => `## gitfleet ${command.name}\n\n${fenced(configFile(command))}`);
  const fleet = `## fleet.yaml\n\nOf the fleet, in git. Without the file, or without a key, this holds:\n\n${fenced(fleetFile())}`;
  return [HEAD, ...files, fleet].join("\n");
}

/** A file for \`--config\` with every key of a program, as it is when nobody says anything. */
export function configFile(command: Command): string {
  const settings = visibleSettings(command).filter((setting) => setting !== CONFIG_SETTING);
  return settings.map((setting) => `${comment(about(setting))}${configLine(setting)}\n`).join("\n");
}

/** What stands for a value that somebody has to give. */
const EXAMPLES: Readonly<Record<string, string>> = {
  repo: "https://forge.example/shop/fleet.git",
  "device-id": "kiosk-0001",
};

function configLine(setting: Setting): string {
  const { name, kind, placeholder, defaultText } = setting;
  if (setting.required) return `${name}: ${EXAMPLES[name] ?? placeholder}`;
  if (kind === "switch") return `${name}: ${defaultText ?? "false"}`;
  return defaultText === null ? `# ${name}: ${placeholder}` : `${name}: ${defaultText}`;
}

function about({ description, choices, required }: Setting): string {
  const more = [...(required ? ["required"] : []), ...(choices === null ? [] : [choices.join(" | ")])];
  return more.length === 0 ? description : `${description} (${more.join("; ")})`;
}

/** fleet.yaml with every key, as it is when nobody says anything. */
export function fleetFile(): string {
  const spec = documentShape("Fleet").fields.get("spec")!.shape;
  const head = `apiVersion: ${API_VERSION}\nkind: Fleet\nmetadata:\n  name: default\nspec:\n`;
  return `${head}${fields(spec, [], "  ").join("\n")}`;
}

// In the order of the shape; a key without a default here fails loudly.
function fields(shape: Shape, path: readonly string[], indent: string): string[] {
  if (shape.kind !== "object") throw new TypeError("only objects have fields");
  return [...shape.fields].map(([name, { shape: field }]) => {
    const here = [...path, name];
    const said = comment(field.about, indent);
    if (field.kind === "object") return `${said}${indent}${name}:\n${fields(field, here, `${indent}  `).join("")}`;
    const value = FLEET_DEFAULTS[here.join(".")];
    if (value === undefined) throw new TypeError(`fleet.yaml: ${here.join(".")} has no default text`);
    return `${said}${indent}${name}: ${value}\n`;
  });
}

const FLEET_DEFAULTS: Readonly<Record<string, string>> = {
  paused: String(DEFAULT_SETTINGS.paused),
  "devices.admission": DEFAULT_SETTINGS.admission,
  "devices.reportedLabels": JSON.stringify(DEFAULT_SETTINGS.reportedLabels),
  "devices.offlineAfter": `${DEFAULT_SETTINGS.offlineAfterMs / 1_000}s`,
  "prune.maxPercent": String(DEFAULT_SETTINGS.prune.maxPercent),
  "prune.minKeys": String(DEFAULT_SETTINGS.prune.minKeys),
  "status.branch": DEFAULT_SETTINGS.statusBranch,
  "status.interval": `${DEFAULT_SETTINGS.statusIntervalMs / 1_000}s`,
  "wire.scoreTag": DEFAULT_SETTINGS.scoreTag,
};

function comment(text: string, indent = ""): string {
  return `${indent}# ${text}\n`;
}

function fenced(yaml: string): string {
  return `\`\`\`yaml\n${yaml}\`\`\`\n`;
}
