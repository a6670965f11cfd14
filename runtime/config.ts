/** Reads settings: flags win over the environment, the environment over a YAML file; errors name where they stand. */
import { readFileSync, statSync } from "node:fs";
import type { z } from "zod";
import { UsageError, errorCode, errorText } from "./errors.ts";
import { nearest } from "#schema/nearest.ts";
import { kebab, settingsOf, type Setting } from "./settings.ts";

/** What a command line said, by setting name: every value given, in order; a switch gives "true" or "false". */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

export interface ConfigSources {
  readonly flags: FlagValues;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A YAML file, or null for none. */
  readonly file: string | null;
}

/** A configuration file is small. */
export const CONFIG_FILE_MAX_BYTES = 1_048_576;

interface Given {
  readonly setting: Setting;
  /** `--poll-interval`, `GITFLEET_POLL_INTERVAL` or `/etc/gitfleet.yaml: poll-interval`. */
  readonly source: string;
  readonly value: unknown;
}

/** The settings, or a UsageError that names each wrong one and where it was given. */
export async function loadConfig<S extends z.ZodObject>(schema: S, sources: ConfigSources): Promise<z.output<S>> {
  const settings = settingsOf(schema);
  const file = sources.file === null ? new Map<string, unknown>() : await readConfigFile(sources.file, settings);
  const given = settings.flatMap((setting) => givenOf(setting, sources, file) ?? []);
  const input: Record<string, unknown> = {};
  for (const { setting, value } of given) place(input, setting.path, value);
  // Objects within are always there: their fields have defaults of their own.
  for (const { path } of settings) parentOf(input, path);
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new UsageError([...new Set(result.error.issues.map((issue) => issueText(issue, settings, given)))].join("\n"));
}

function givenOf(setting: Setting, sources: ConfigSources, file: ReadonlyMap<string, unknown>): Given | null {
  const flags = sources.flags.get(setting.name);
  if (flags !== undefined) {
    const source = `--${setting.name}`;
    return { setting, source, value: fromTexts(setting, flags, source) };
  }
  // An empty variable is how many tools write "not set".
  const env = sources.env[setting.env];
  if (env !== undefined && env !== "") {
    return { setting, source: setting.env, value: fromTexts(setting, [env], setting.env) };
  }
  if (!file.has(setting.name)) return null;
  const source = `${sources.file}: ${setting.name}`;
  return { setting, source, value: fromYaml(setting, file.get(setting.name), source) };
}

type Value = string | boolean | number | readonly string[] | Readonly<Record<string, string>>;

function fromTexts(setting: Setting, texts: readonly string[], source: string): Value {
  const last = texts.at(-1) ?? "";
  switch (setting.kind) {
    case "switch":
      return switchOf(last, source);
    case "number":
      return numberOf(last, source);
    case "list":
      return texts.flatMap((text) => text.split(",")).filter((text) => text !== "");
    case "pairs":
      return pairsOf(
        texts.flatMap((text) => text.split(",")).filter((text) => text !== ""),
        source,
      );
    case "text":
      return last;
  }
}

function fromYaml(setting: Setting, value: unknown, source: string): unknown {
  const texts = typeof value === "string" ? [value] : isTexts(value) && setting.kind === "pairs" ? value : null;
  return texts !== null && setting.kind !== "text" ? fromTexts(setting, texts, source) : value;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function switchOf(text: string, source: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|0|no|off)$/i.test(text)) return false;
  throw new UsageError(`${source}: "${text}" is neither true nor false`);
}

function numberOf(text: string, source: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new UsageError(`${source}: "${text}" is not a number`);
  return number;
}

function pairsOf(texts: readonly string[], source: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError(`${source}: "${text}" is not of the form KEY=VALUE`);
    const key = text.slice(0, equals);
    if (pairs.has(key)) throw new UsageError(`${source}: "${key}" is given twice`);
    pairs.set(key, text.slice(equals + 1));
  }
  return Object.fromEntries(pairs);
}

async function readConfigFile(path: string, settings: readonly Setting[]): Promise<Map<string, unknown>> {
  const document = await parseYamlFile(path);
  const known = new Set(settings.map(({ name }) => name));
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(document)) {
    const name = [kebab(key), kebab(key).replace(/s$/, "")].find((spelling) => known.has(spelling));
    if (name === undefined) throw unknownKey(path, key, [...known]);
    if (values.has(name)) throw new UsageError(`${path}: "${name}" is given twice`);
    values.set(name, value);
  }
  return values;
}

async function parseYamlFile(path: string): Promise<object> {
  let document: unknown;
  try {
    const { size } = statSync(path);
    if (size > CONFIG_FILE_MAX_BYTES) throw new Error(`it is larger than ${CONFIG_FILE_MAX_BYTES} bytes`);
    const { load } = await import("./read-yaml.ts");
    document = load(readFileSync(path, "utf8")) ?? {};
  } catch (cause) {
    throw new UsageError(`cannot read the configuration file ${path}: ${whyUnreadable(cause)}`);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new UsageError(`${path}: a configuration file is a mapping of settings, as in "log-level: debug"`);
  }
  return document;
}

function whyUnreadable(error: unknown): string {
  if (errorCode(error) === "ENOENT") return "there is no such file";
  const { reason, mark } = error as { reason?: string; mark?: { line?: number } };
  if (reason === undefined || mark?.line === undefined) return errorText(error);
  return `line ${mark.line + 1} is not YAML: ${reason}`;
}

function unknownKey(path: string, key: string, known: readonly string[]): UsageError {
  const suggestion = nearest(kebab(key), known);
  return new UsageError(
    `${path}: there is no setting "${key}"`,
    suggestion === null ? { hint: "--help lists the settings." } : { hint: `Did you mean "${suggestion}"?` },
  );
}

function issueText(issue: z.core.$ZodIssue, settings: readonly Setting[], given: readonly Given[]): string {
  const setting = settings.find(({ path }) => path.every((field, index) => issue.path[index] === field));
  if (setting === undefined) return issue.message;
  const found = given.find((one) => one.setting === setting);
  if (found === undefined) {
    return `--${setting.name} ${setting.placeholder} is missing (or set ${setting.env})`;
  }
  return `${found.source}: ${wrongValue(issue, found)}`;
}

function wrongValue(issue: z.core.$ZodIssue, { setting: { choices }, value }: Given): string {
  if (issue.code === "invalid_value" && choices !== null && typeof value === "string") {
    return `"${value}" is not one of ${choices.join(", ")}`;
  }
  if (issue.code === "too_small" && typeof value === "number")
    return `${value} is too small: at least ${issue.minimum}`;
  if (issue.code === "too_big" && typeof value === "number") return `${value} is too large: at most ${issue.maximum}`;
  return issue.message.replace(/^Invalid (?:input|option): /, "");
}

function place(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  parentOf(target, path)[path.at(-1)!] = value;
}

function parentOf(target: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  let object = target;
  for (const field of path.slice(0, -1)) object = (object[field] ??= {}) as Record<string, unknown>;
  return object;
}
