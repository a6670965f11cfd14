/** Help texts: examples first, then how a command is written, then every option with its environment variable. */
import { settingsOf, type Setting } from "#runtime/settings.ts";
import type { Command, CommandEntry } from "./command.ts";
import type { Paint } from "./io.ts";
import { table } from "./table.ts";

const GROUPS = ["Without a server", "With NATS", "Programs that run for long", "On a device"] as const;

const EXAMPLES = [
  ["init", "gitfleet init my-fleet", "a new fleet repository, with comments that teach"],
  ["validate", "gitfleet validate", "check the repository you are in"],
  ["plan", "gitfleet plan --base main", "what this folder would change"],
  ["status", "gitfleet status --watch", "how the fleet is doing, live"],
  ["demo", "gitfleet demo", "everything on this machine"],
  ["agent", "gitfleet agent --device-id kiosk-0001", "on a device: run what the fleet wants there"],
] as const;

/** What `gitfleet --help` prints where it has these commands. */
export function overviewText(commands: readonly CommandEntry[], paint: Paint): string {
  const known = new Set(commands.map(({ name }) => name));
  const examples = EXAMPLES.filter(([name]) => known.has(name)).map(([, line, does]) => [line, does]);
  const groups = GROUPS.filter((group) => commands.some((entry) => entry.group === group));
  const parts = [
    "gitfleet manages fleets of edge devices by git alone: a commit becomes running containers.\n",
    section("Examples", table(examples, { indent: 2 }), paint),
    ...groups.map((group) => {
      const rows = commands.filter((entry) => entry.group === group).map(({ name, summary }) => [name, summary]);
      return section(group, table(rows, { indent: 2 }), paint);
    }),
    section(
      "More",
      table(
        [
          ["gitfleet COMMAND --help", "examples and options of a command"],
          ["gitfleet --version", "which version this is"],
        ],
        { indent: 2 },
      ),
      paint,
    ),
    section("Exit codes", `  ${EXIT_CODES}\n`, paint),
  ];
  return parts.join("\n");
}

/** What the exit code of every command means. */
export const EXIT_CODES =
  "0 success · 1 the answer is no · 2 wrong usage or configuration · 3 something outside failed (network, server)";

/** What `gitfleet COMMAND --help` prints. */
export function commandHelp(command: Command, paint: Paint): string {
  const examples = command.examples.map(({ line, does }) => [line, does]);
  const parts = [
    `gitfleet ${command.name}: ${command.summary}\n`,
    section("Examples", table(examples, { indent: 2 }), paint),
    section("Usage", `  ${usageLine(command)}\n`, paint),
  ];
  if (command.arguments.length > 0) {
    const rows = command.arguments.map(({ name, description }) => [name, description]);
    parts.push(section("Arguments", table(rows, { indent: 2 }), paint));
  }
  parts.push(section("Options", table(optionRows(command), { indent: 2 }), paint));
  for (const note of command.notes ?? []) parts.push(`${note}\n`);
  parts.push(section("Exit codes", `  ${EXIT_CODES}\n`, paint));
  return parts.join("\n");
}

/** `gitfleet explain DEVICE [dir] [options]`. */
export function usageLine(command: Command): string {
  const args = command.arguments.map(({ name, required }) => (required ? name : `[${name}]`));
  const required = settingsOf(command.settings)
    .filter((setting) => setting.required)
    .map((setting) => `--${setting.name} ${setting.placeholder}`);
  return ["gitfleet", command.name, ...args, ...required, "[options]"].join(" ");
}

/** The rows of a command's options: how each is written, what it does, its environment variable. */
export function optionRows(command: Command): string[][] {
  const rows = visibleSettings(command).map((setting) => [flagText(setting), `${describe(setting)} [${setting.env}]`]);
  return [...rows, ["--help", "show this"]];
}

/** Settings that help shows; those of daemons include `--config`. */
export function visibleSettings(command: Command): Setting[] {
  const settings = settingsOf(command.settings).filter((setting) => !setting.hidden);
  return command.daemon === true ? [...settings, CONFIG_SETTING] : settings;
}

/** `--config`: not part of the settings that it names. */
export const CONFIG_SETTING: Setting = {
  name: "config",
  env: "GITFLEET_CONFIG",
  path: [],
  kind: "text",
  description: "a YAML file with any of these settings, as in `log-level: debug`; flags and environment win over it",
  placeholder: "FILE",
  required: false,
  defaultText: null,
  choices: null,
  secret: false,
  hidden: false,
};

/** `--poll-interval DURATION`. */
export function flagText(setting: Setting): string {
  if (setting.kind === "switch") return `--${setting.name}`;
  const value = setting.choices === null ? setting.placeholder : setting.choices.join("|");
  return `--${setting.name} ${value}`;
}

function describe(setting: Setting): string {
  const more = [
    ...(setting.required ? ["required"] : []),
    ...(setting.defaultText === null ? [] : [`default: ${setting.defaultText}`]),
  ];
  return more.length === 0 ? setting.description : `${setting.description} (${more.join(", ")})`;
}

function section(title: string, body: string, paint: Paint): string {
  return `${paint("bold", `${title}:`)}\n${body}`;
}
