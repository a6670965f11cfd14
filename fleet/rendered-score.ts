/** The value of a deployment for one device: placeholders replaced, canonical, tagged as the fleet wants it. */
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import { taggedScore, type Score, type ScoreTag } from "#schema/score.ts";
import { sha256Digest } from "./digest.ts";
import { isConstant, parseTemplate, renderParts, type LabelledDevice, type TemplatePart } from "./template.ts";

/** A value on the wire. */
export class RenderedValue {
  /** Canonical JSON. */
  readonly text: string;
  #digest: string | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** Of the text as UTF-8; made when somebody asks, since a plan never does. */
  get digest(): string {
    this.#digest ??= sha256Digest(this.text);
    return this.#digest;
  }
}

/**
 * Renders one score for many devices. The canonical text is made once, as one long template: ids and label values
 * need no escaping in JSON, and members are sorted by their names alone.
 */
export class ScoreRenderer {
  readonly tag: ScoreTag;
  readonly #parts: readonly TemplatePart[];
  readonly #constant: RenderedValue | null;

  constructor(score: Score, tag: ScoreTag) {
    this.tag = tag;
    this.#parts = textParts(score, tag);
    this.#constant = isConstant(this.#parts) ? new RenderedValue(literalText(this.#parts)) : null;
  }

  /** The value for a device, or null where it lacks a label. */
  render(device: LabelledDevice): RenderedValue | null {
    if (this.#constant !== null) return this.#constant;
    const rendered = renderParts(this.#parts, device);
    return rendered.kind === "text" ? new RenderedValue(rendered.text) : null;
  }
}

const renderers = new WeakMap<Score, ScoreRenderer>();

/** The renderer of a score, kept for as long as the score is. */
export function rendererOf(score: Score, tag: ScoreTag): ScoreRenderer {
  const known = renderers.get(score);
  if (known?.tag === tag) return known;
  const renderer = new ScoreRenderer(score, tag);
  renderers.set(score, renderer);
  return renderer;
}

/** The canonical text of a score, cut where placeholders stand. */
function textParts(score: Score, tag: ScoreTag): TemplatePart[] {
  const data = score.data as unknown as JsonValue;
  const plain = canonicalJson(taggedScore({ type: score.type, data }, tag));
  if (!plain.includes("${")) return [{ kind: "literal", text: plain }];
  const mark = unusedCharacter(plain);
  const slots: TemplatePart[] = [];
  const marked = canonicalJson(taggedScore({ type: score.type, data: markSlots(data, mark, slots) }, tag));
  return marked.split(mark).map((piece, index) => {
    const slot = index % 2 === 1 ? slots[Number(piece)] : undefined;
    return slot ?? { kind: "literal", text: piece };
  });
}

/**
 * The value with `<mark><number><mark>` in place of each placeholder. The names of services never hold one, so that no
 * field needs an exception here.
 */
function markSlots(value: JsonValue, mark: string, slots: TemplatePart[]): JsonValue {
  if (typeof value === "string") return value.includes("${") ? markText(value, mark, slots) : value;
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map((item) => markSlots(item, mark, slots));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, markSlots(member ?? null, mark, slots)]));
}

function markText(text: string, mark: string, slots: TemplatePart[]): string {
  const template = parseTemplate(text);
  if (template.kind === "invalid") return text;
  const pieces = template.parts.map((part) => {
    if (part.kind === "literal") return part.text;
    return `${mark}${slots.push(escapedFallback(part)) - 1}${mark}`;
  });
  return pieces.join("");
}

/** A fallback is the author's text; it is inserted into JSON. */
function escapedFallback(part: TemplatePart): TemplatePart {
  if (part.kind !== "label" || part.fallback === null) return part;
  return { ...part, fallback: canonicalJson(part.fallback).slice(1, -1) };
}

/** A character beyond the basic plane that the text does not have: there are more of them than fit into a file. */
function unusedCharacter(text: string): string {
  const used = new Set(text);
  for (let code = 0x1_0000; code <= 0x10_ffff; code++) {
    const character = String.fromCodePoint(code);
    if (!used.has(character)) return character;
  }
  throw new Error("a score holds every character beyond the basic plane; no file that is read is long enough for that");
}

function literalText(parts: readonly TemplatePart[]): string {
  return parts.map((part) => (part.kind === "literal" ? part.text : "")).join("");
}

// Array.isArray does not narrow readonly arrays.
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
