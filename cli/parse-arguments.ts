/** A command line as options and arguments, by the settings that a command has. */
import { UsageError } from "#runtime/errors.ts";
import { nearest } from "#schema/nearest.ts";
import type { Setting } from "#runtime/settings.ts";
import type { Argument } from "./command.ts";

/** What was written, not yet checked against the settings' types. */
export interface ParsedArguments {
  /** By setting name; every value given, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly (string | undefined)[];
  readonly help: boolean;
}

/** Parses what stands after the command's name. Throws a UsageError with the nearest suggestion. */
export function parseArguments(
  words: readonly string[],
  settings: readonly Setting[],
  positional: readonly Argument[],
): ParsedArguments {
  const flags = new Map<string, string[]>();
  const args: string[] = [];
  const rest = [...words];
  let word = rest.shift();
  for (let optionsEnded = false; word !== undefined; word = rest.shift()) {
    if (!optionsEnded && word === "--") optionsEnded = true;
    else if (!optionsEnded && isHelp(word)) return { flags, args: [], help: true };
    else if (!optionsEnded && word.startsWith("-") && word !== "-") takeOption(word, rest, settings, flags);
    else args.push(word);
  }
  checkArguments(args, positional);
  return { flags, args: positional.map((_, index) => args[index]), help: false };
}

/** `--help`, `-h`. */
export function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

function takeOption(word: string, rest: string[], settings: readonly Setting[], flags: Map<string, string[]>): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const inline = equals < 0 ? null : word.slice(equals + 1);
  const setting = settings.find((one) => `--${one.name}` === name);
  if (setting?.kind === "switch") return give(flags, setting, inline ?? "true");
  if (setting !== undefined) return give(flags, setting, inline ?? valueAfter(setting, rest));
  const negated = settings.find((one) => one.kind === "switch" && `--no-${one.name}` === name);
  if (negated === undefined || inline !== null) throw unknownOption(name, settings);
  give(flags, negated, "false");
}

function give(flags: Map<string, string[]>, setting: Setting, value: string): void {
  const values = flags.get(setting.name) ?? [];
  if (values.length > 0 && setting.kind !== "list" && setting.kind !== "pairs") {
    throw new UsageError(`--${setting.name} is given twice`);
  }
  flags.set(setting.name, [...values, value]);
}

function valueAfter(setting: Setting, rest: string[]): string {
  const value = rest[0];
  if (value === undefined || value.startsWith("--")) {
    const wanted = setting.choices === null ? setting.placeholder : setting.choices.join(" or ");
    throw new UsageError(`--${setting.name} needs a value`, { hint: `Write --${setting.name} ${wanted}.` });
  }
  rest.shift();
  return value;
}

function unknownOption(name: string, settings: readonly Setting[]): UsageError {
  const suggestion = nearest(
    name.replace(/^-+/, ""),
    settings.map((setting) => setting.name),
  );
  const hint = suggestion === null ? "--help lists the options." : `Did you mean --${suggestion}?`;
  return new UsageError(`there is no option ${name}`, { hint });
}

function checkArguments(args: readonly string[], positional: readonly Argument[]): void {
  const missing = positional[args.length];
  if (missing?.required === true) {
    throw new UsageError(`${missing.name} is missing: ${missing.description}`, { hint: "--help shows examples." });
  }
  const extra = args[positional.length];
  if (extra !== undefined) {
    throw new UsageError(`"${extra}" is one argument too many`, { hint: "--help shows examples." });
  }
}
