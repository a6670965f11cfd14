/** One run of the command line, from its words to its exit code. */
import { OutsideError, UsageError, errorText } from "#runtime/errors.ts";
import { nearest } from "#schema/nearest.ts";
import type { Command, CommandEntry, ExitCode } from "./command.ts";
import type { Io } from "./io.ts";
import { isHelp } from "./parse-arguments.ts";

const EXIT_USAGE = 2;
const EXIT_OUTSIDE = 3;

/** All of them, or those of a device. */
type Commands = readonly CommandEntry[];

/** Runs `gitfleet WORDS…` where it has these commands. Never throws: errors are printed with what to do next. */
export async function runCli(words: readonly string[], commands: Commands, io: Io): Promise<ExitCode> {
  try {
    return await dispatch(words, commands, io);
  } catch (error) {
    return printError(error, io);
  }
}

async function dispatch(words: readonly string[], commands: Commands, io: Io): Promise<ExitCode> {
  const [first = "", ...rest] = words;
  if (first === "--version" || first === "-V") return printVersion(io);
  if (isHelp(first) || (first === "help" && rest.length === 0)) return printOverview(io.out, commands, io, 0);
  if (first === "") return printOverview(io.err, commands, io, EXIT_USAGE);
  if (first === "help") return dispatch([...rest, "--help"], commands, io);
  const { entry, after } = findCommand(words, commands);
  const { command } = await entry.load();
  return runCommand(command, after, io);
}

function findCommand(words: readonly string[], commands: Commands): { entry: CommandEntry; after: readonly string[] } {
  for (const count of [2, 1]) {
    const entry = commands.find(({ name }) => name === words.slice(0, count).join(" "));
    if (entry === undefined) continue;
    const after = words.slice(count);
    refuseUnknownSubcommand(entry.name, after[0], commands);
    return { entry, after };
  }
  throw unknownCommand(words[0] ?? "", commands);
}

// `agent` takes no arguments: a word after it that is no option was meant as a command of its own.
function refuseUnknownSubcommand(name: string, word: string | undefined, commands: Commands): void {
  const below = commands.filter((entry) => entry.name.startsWith(`${name} `)).map((entry) => entry.name);
  if (below.length === 0 || word === undefined || word.startsWith("-")) return;
  const hint = `There is gitfleet ${nearest(`${name} ${word}`, below) ?? below.join(" and gitfleet ")}.`;
  throw new UsageError(`there is no command "${name} ${word}"`, { hint });
}

function unknownCommand(word: string, commands: Commands): UsageError {
  if (word.startsWith("-")) return new UsageError(`${word} stands before any command`, { hint: "gitfleet --help" });
  const names = commands.map(({ name }) => name).filter((name) => !name.includes(" "));
  const suggestion = nearest(word, names);
  const hint = suggestion === null ? "gitfleet --help lists the commands." : `Did you mean gitfleet ${suggestion}?`;
  return new UsageError(`there is no command "${word}"`, { hint });
}

async function runCommand(command: Command, words: readonly string[], io: Io): Promise<ExitCode> {
  const { parseArguments } = await import("./parse-arguments.ts");
  const { visibleSettings, commandHelp, CONFIG_SETTING } = await import("./help.ts");
  const { settingsOf } = await import("#runtime/settings.ts");
  const { loadConfig } = await import("#runtime/config.ts");
  const { runUntilSignal } = await import("#runtime/shutdown.ts");
  if (command.unavailable !== undefined && !words.some(isHelp)) throw new UsageError(command.unavailable);
  const known = [...settingsOf(command.settings), ...visibleSettings(command).filter((one) => one === CONFIG_SETTING)];
  const { flags, args, help } = parseArguments(words, known, command.arguments);
  if (help) {
    io.out(commandHelp(command, io.paint));
    return 0;
  }
  const fileFlag = flags.get("config")?.at(-1) ?? io.env["GITFLEET_CONFIG"] ?? "";
  const file = command.daemon === true && fileFlag !== "" ? fileFlag : null;
  const settings = await loadConfig(command.settings, { flags, env: io.env, file });
  const run = (signal: AbortSignal): Promise<ExitCode> => command.run({ settings, args, io, signal });
  if (command.stopsItself !== true) return run(new AbortController().signal);
  return runUntilSignal(run, command.stopLimitMs === undefined ? {} : { limitMs: command.stopLimitMs });
}

async function printOverview(
  print: (text: string) => void,
  commands: Commands,
  io: Io,
  code: ExitCode,
): Promise<ExitCode> {
  const { overviewText } = await import("./help.ts");
  print(overviewText(commands, io.paint));
  return code;
}

async function printVersion(io: Io): Promise<ExitCode> {
  const { version } = await import("#runtime/version.ts");
  io.out(`gitfleet ${version}\n`);
  return 0;
}

/** Prints an error with what to do next; gives the exit code that it means. */
export function printError(error: unknown, io: Io): ExitCode {
  const usage = error instanceof UsageError;
  const lines = errorText(error).split("\n");
  io.err(`${io.paintErr("red", "gitfleet:")} ${lines.join("\n          ")}\n`);
  const expected = usage || error instanceof OutsideError;
  const hint = expected ? error.hint : "This was not foreseen; with GITFLEET_DEBUG=1 it says where it happened.";
  if (hint !== undefined) io.err(`  ${hint}\n`);
  if (io.env["GITFLEET_DEBUG"] === "1" && error instanceof Error) io.err(`${error.stack ?? ""}\n`);
  return usage ? EXIT_USAGE : EXIT_OUTSIDE;
}
