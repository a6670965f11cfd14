/** The value of a deployment for one device: placeholders replaced, canonical, tagged as the fleet wants it. */
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import type { DeviceId } from "#schema/names.ts";
import { taggedScore, type Score, type ScoreTag } from "#schema/score.ts";
import { sha256Digest } from "./digest.ts";
import type { Deployment } from "./fleet.ts";
import { parseTemplate, renderParts, type LabelledDevice, type TemplatePart } from "./template.ts";

/** A value on the wire. Text and digest are made when somebody asks: a plan mostly counts. */
export class RenderedValue {
  #text: string | (() => string);
  #digest: string | null = null;

  constructor(text: string | (() => string)) {
    this.#text = text;
  }

  /** Canonical JSON. */
  get text(): string {
    if (typeof this.#text !== "string") this.#text = this.#text();
    return this.#text;
  }

  /** Of the text as UTF-8. */
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
  /** The value of every device; null where each has its own. */
  readonly constant: RenderedValue | null;
  readonly #score: Score;
  #parts: readonly TemplatePart[] | null = null;

  constructor({ score, parts: { templates } }: Pick<Deployment, "score" | "parts">, tag: ScoreTag) {
    this.tag = tag;
    this.#score = score;
    this.constant = templates.length > 0 ? null : new RenderedValue(() => this.#textFor(NO_DEVICE));
  }

  /** The value for a device. */
  render(device: LabelledDevice): RenderedValue {
    return this.constant ?? new RenderedValue(() => this.#textFor(device));
  }

  /** The number of bytes on the wire; null where the device lacks a label. */
  sizeFor(device: LabelledDevice): number | null {
    const rendered = renderParts(this.#textParts(), device);
    return rendered.kind === "text" ? Buffer.byteLength(rendered.text) : null;
  }

  #textFor(device: LabelledDevice): string {
    const rendered = renderParts(this.#textParts(), device);
    if (rendered.kind === "text") return rendered.text;
    throw new Error(`there is no value for ${device.id}, which lacks the label ${rendered.key}: judge the rules first`);
  }

  #textParts(): readonly TemplatePart[] {
    this.#parts ??= textParts(this.#score, this.tag);
    return this.#parts;
  }
}

/** Nobody: a constant text is the same for every device. */
const NO_DEVICE: LabelledDevice = { id: "" as DeviceId, labels: new Map() };

const renderers = new WeakMap<Score, ScoreRenderer>();

/** The renderer of a deployment's score, kept for as long as the score is. */
export function rendererOf(deployment: Pick<Deployment, "score" | "parts">, tag: ScoreTag): ScoreRenderer {
  const known = renderers.get(deployment.score);
  if (known?.tag === tag) return known;
  const renderer = new ScoreRenderer(deployment, tag);
  renderers.set(deployment.score, renderer);
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

/** JSON leaves it as it is, texts hardly ever have it, and it is one byte in V8, so that what is cut at it is, too. */
const FIRST_MARK = 0x7f;

/** A character that the text does not have and JSON does not escape: there are more of them than fit into a file. */
function unusedCharacter(text: string): string {
  const used = new Set(text);
  for (let code = FIRST_MARK; code <= 0x10_ffff; code++) {
    const character = String.fromCodePoint(code);
    if (!used.has(character) && character.isWellFormed()) return character;
  }
  throw new Error("a score holds every character; no file that is read is long enough for that");
}

// Array.isArray does not narrow readonly arrays.
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
