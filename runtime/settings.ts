/** Settings as one zod object: what each is called on the command line, in the environment and in a file. */
import { z } from "zod";
import { DURATION_MAX_MS, durationText, parseDurationMs } from "#schema/duration.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log-choices.ts";

/**
 * What `.meta({…})` of a field may say beside zod's own `description`:
 * `flag` (its name, when it is not the field's path in kebab-case), `placeholder` (`URL`, shown in help),
 * `secret` (never printed), `defaultText` (shown instead of the default), `hidden` (not in help).
 */
export interface SettingMeta {
  readonly description?: string;
  readonly flag?: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
  readonly defaultText?: string;
  readonly hidden?: boolean;
}

/** How text becomes a value: a switch, one value, a list (repeated or with commas), or `K=V` pairs. */
export type SettingKind = "switch" | "text" | "number" | "list" | "pairs";

/** One setting, as help, the environment, the file and the documentation see it. */
export interface Setting {
  /** `poll-interval`: `--poll-interval`, `GITFLEET_POLL_INTERVAL`, and the key in a file. */
  readonly name: string;
  readonly env: string;
  /** Where it stands in the settings object. */
  readonly path: readonly string[];
  readonly kind: SettingKind;
  readonly description: string;
  readonly placeholder: string;
  readonly required: boolean;
  /** What holds when nobody says anything, as it would be written; null for none. */
  readonly defaultText: string | null;
  readonly choices: readonly string[] | null;
  readonly secret: boolean;
  readonly hidden: boolean;
}

/** The settings of a zod object, in the order of its fields; objects within are flattened (`nats.creds`: `nats-creds`). */
export function settingsOf(schema: z.ZodObject, path: readonly string[] = []): Setting[] {
  return Object.entries(schema.shape).flatMap(([field, type]) => {
    const layers = layersOf(type as z.ZodType);
    const leaf = layers.at(-1)!;
    if (leaf instanceof z.ZodObject) return settingsOf(leaf, [...path, field]);
    return [settingOf([...path, field], layers)];
  });
}

/** What is done again and again more often than this would only be load, and at 0 the only thing that is done. */
export const INTERVAL_LEAST_MS = 100;

/** What a duration may be, both ends included; anything when left out. */
export interface DurationBounds {
  readonly leastMs?: number;
  readonly mostMs?: number;
}

/** A duration as people write it (`500ms`, `10s`, `5m`); its value is milliseconds. */
export function durationSetting(
  defaultText: string,
  { leastMs = 0, mostMs = DURATION_MAX_MS }: DurationBounds = {},
): z.ZodType<number, string | undefined> {
  return z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      const fault = durationFault(ms, leastMs, mostMs);
      if (ms !== null && fault === null) return ms;
      context.addIssue({ code: "custom", message: `"${text}" is ${fault}` });
      return z.NEVER;
    })
    .prefault(defaultText)
    .meta({ placeholder: "DURATION" });
}

function durationFault(ms: number | null, leastMs: number, mostMs: number): string | null {
  if (ms === null) return "not a duration: write 500ms, 10s or 5m";
  if (ms < leastMs) return `too short: at least ${durationText(leastMs)}`;
  return ms > mostMs ? `too long: at most ${durationText(mostMs)}` : null;
}

/** What every daemon can be told about its log: spread it into its settings. */
export const logSettings = {
  logLevel: z.enum(LOG_LEVELS).default("info").meta({ description: "how much is logged" }),
  logFormat: z
    .enum(LOG_FORMATS)
    .default("auto")
    .meta({ description: "form of the log on stderr; auto is text on a terminal and json elsewhere" }),
};

function settingOf(path: readonly string[], layers: readonly z.ZodType[]): Setting {
  // The outermost layer that says something wins: `.optional()` after `.describe()` hides nothing.
  const meta: SettingMeta = Object.assign({}, ...layers.toReversed().map((layer) => layer.meta() ?? {}));
  const leaf = layers.at(-1)!;
  const kind = kindOf(leaf);
  const name = meta.flag ?? kebab(path.join("-"));
  const defaultValue = defaultOf(layers);
  return {
    name,
    env: `GITFLEET_${name.toUpperCase().replaceAll("-", "_")}`,
    path,
    kind,
    description: meta.description ?? "",
    placeholder: meta.placeholder ?? (kind === "pairs" ? "K=V" : kind === "number" ? "N" : "VALUE"),
    required: !layers.some((layer) => ["optional", "default", "prefault", "nullable"].includes(layer.def.type)),
    defaultText: meta.defaultText ?? defaultTextOf(defaultValue),
    choices: leaf instanceof z.ZodEnum ? leaf.options.map(String) : null,
    secret: meta.secret ?? false,
    hidden: meta.hidden ?? false,
  };
}

/** `pollInterval` and `poll_interval` as `poll-interval`. */
export function kebab(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

// From the outside in: default(optional(string)) is [default, optional, string]. Of a pipe its input is what is
// written, except where a function prepares the input (z.preprocess).
function layersOf(type: z.ZodType): z.ZodType[] {
  const layers = [type];
  for (;;) {
    const def = layers.at(-1)!.def as { type: string; innerType?: z.ZodType; in?: z.ZodType; out?: z.ZodType };
    const piped = def.in?.def.type === "transform" ? def.out : def.in;
    const next = def.type === "pipe" ? piped : def.innerType;
    if (next === undefined) return layers;
    layers.push(next);
  }
}

// Everything else (strings, enums, what has a transform) is written as one text.
const KINDS: Readonly<Record<string, SettingKind>> = {
  boolean: "switch",
  number: "number",
  array: "list",
  record: "pairs",
};

function kindOf(leaf: z.ZodType): SettingKind {
  return KINDS[leaf.def.type] ?? "text";
}

function defaultOf(layers: readonly z.ZodType[]): unknown {
  for (const layer of layers) if ("defaultValue" in layer.def) return layer.def.defaultValue;
  return undefined;
}

function defaultTextOf(value: unknown): string | null {
  if (value === undefined || value === null || value === false || value === "") return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.join(",");
  if (typeof value === "object") return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
