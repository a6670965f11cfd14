/** The value of a deployment for one device: placeholders replaced, canonical, tagged as the fleet wants it. */
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import { taggedScore, type Score, type ScoreTag } from "#schema/score.ts";
import { sha256Digest } from "./digest.ts";
import { isConstant, parseTemplate, renderParts, type LabelledDevice, type TemplatePart } from "./template.ts";

/** A value on the wire. */
export interface RenderedValue {
  readonly text: string;
  readonly digest: string;
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

/** Renders one score for many devices; what does not depend on the device is made once. */
export class ScoreRenderer {
  readonly #score: Score;
  readonly tag: ScoreTag;
  #constant: RenderedValue | null = null;
  readonly #isConstant: boolean;
  readonly #templates = new Map<string, readonly TemplatePart[]>();

  constructor(score: Score, tag: ScoreTag) {
    this.#score = score;
    this.tag = tag;
    this.#isConstant = this.#collect(score.data as unknown as JsonValue, true);
  }

  /** The value for a device, or null where it lacks a label. */
  render(device: LabelledDevice): RenderedValue | null {
    if (this.#constant !== null) return this.#constant;
    const missing: string[] = [];
    const data = this.#replace(this.#score.data as unknown as JsonValue, device, missing);
    if (missing.length > 0) return null;
    const text = canonicalJson(taggedScore({ type: this.#score.type, data }, this.tag));
    const value = { text, digest: sha256Digest(text) };
    if (this.#isConstant) this.#constant = value;
    return value;
  }

  /** Reads each placeholder text once; true where none of them depends on the device. */
  #collect(value: JsonValue, constant: boolean): boolean {
    if (typeof value === "string") {
      if (!value.includes("${") || this.#templates.has(value)) return constant;
      const template = parseTemplate(value);
      if (template.kind === "invalid") return constant;
      this.#templates.set(value, template.parts);
      return constant && isConstant(template.parts);
    }
    if (typeof value !== "object" || value === null) return constant;
    return Object.values(value).reduce<boolean>((all, part) => this.#collect(part ?? null, all), constant);
  }

  #replace(value: JsonValue, device: LabelledDevice, missing: string[]): JsonValue {
    if (this.#templates.size === 0) return value;
    if (typeof value === "string") return this.#replaceText(value, device, missing);
    if (typeof value !== "object" || value === null) return value;
    if (isList(value)) return value.map((item) => this.#replace(item, device, missing));
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [
        key,
        part === undefined ? part : this.#replace(part, device, missing),
      ]),
    );
  }

  // The names of services are labels and never hold a placeholder, so that no field needs an exception here.
  #replaceText(text: string, device: LabelledDevice, missing: string[]): string {
    const parts = this.#templates.get(text);
    if (parts === undefined) return text;
    const rendered = renderParts(parts, device);
    if (rendered.kind === "text") return rendered.text;
    missing.push(rendered.key);
    return text;
  }
}

// Array.isArray does not narrow readonly arrays.
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
