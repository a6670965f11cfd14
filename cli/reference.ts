/** The reference of the command line as Markdown, made from the same definitions as help. */
import { settingsOf, type Setting } from "#runtime/settings.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_CODES, flagText, usageLine, visibleSettings } from "./help.ts";
import { markdownTable } from "./markdown-table.ts";

const HEAD = `# The command line

Made from the commands' own definitions (\`npm run docs\` writes this file); \`gitfleet COMMAND --help\` says the same.

Every option has an environment variable. Daemons (reconciler, agent, status-bot, simulate) also read a YAML file named
by \`--config\` or \`GITFLEET_CONFIG\`, whose keys are the options without \`--\`: \`poll-interval: 10s\`. Flags win over the
environment, the environment over the file. Durations are written \`500ms\`, \`10s\`, \`5m\`. An option that takes a list may
be repeated or take commas. stdout carries only the requested format; everything else goes to stderr.

Exit codes: ${EXIT_CODES}.
`;

/** The whole text of docs/cli.md. */
export async function cliReference(): Promise<string> {
  const parts = [HEAD];
  for (const { load } of COMMANDS) {
    const { command } = await load();
    parts.push(commandReference(command));
  }
  return parts.join("\n");
}

function commandReference(command: Command): string {
  const examples = command.examples.map(({ line, does }) => `# ${does}\n${line}`).join("\n\n");
  const parts = [`## gitfleet ${command.name}\n`, `${sentence(command.summary)}\n`];
  parts.push(`\`\`\`sh\n${examples}\n\`\`\`\n`, `Usage: \`${usageLine(command)}\`\n`);
  for (const { name, description } of command.arguments) parts.push(`- \`${name}\`: ${description}`);
  if (command.arguments.length > 0) parts.push("");
  const settings = visibleSettings(command);
  if (settings.length > 0) parts.push(optionsTable(settings));
  for (const note of command.notes ?? []) parts.push(`${note}\n`);
  return parts.join("\n");
}

function optionsTable(settings: readonly Setting[]): string {
  const rows = settings.map((setting) => {
    const value = setting.required ? "required" : setting.defaultText === null ? "" : `\`${setting.defaultText}\``;
    return [`\`${flagText(setting)}\``, setting.description, value, `\`${setting.env}\``];
  });
  return markdownTable(["option", "", "default", "environment"], rows);
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/** Every setting of every command, for tests that hold them to the contract. */
export async function allSettings(): Promise<{ readonly command: string; readonly setting: Setting }[]> {
  const loaded = await Promise.all(COMMANDS.map(({ load }) => load()));
  return loaded.flatMap(({ command }) =>
    settingsOf(command.settings).map((setting) => ({ command: command.name, setting })),
  );
}
