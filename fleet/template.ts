/** Texts with placeholders, and what they say for one device. */
import { labelKeyFault, type Labels } from "#schema/labels.ts";
import type { DeviceId } from "#schema/names.ts";
import { quoted } from "#schema/shape-check.ts";

/** What placeholders know about a device. */
export interface LabelledDevice {
  readonly id: DeviceId;
  readonly labels: Labels;
}

/** A part of a text: literal, the device's id, or one of its labels. */
export type TemplatePart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "id" }
  | { readonly kind: "label"; readonly key: string; readonly fallback: string | null };

export type ParsedTemplate =
  | { readonly kind: "template"; readonly parts: readonly TemplatePart[] }
  | { readonly kind: "invalid"; readonly message: string };

/** A rendered text, or the label that the device lacks. */
export type RenderedText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing-label"; readonly key: string };

const LABEL_PREFIX = "device.labels.";

/** Reads placeholders from left to right: `${…}`, and `$${` for a literal `${`. */
export function parseTemplate(text: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  let from = 0;
  for (let open = text.indexOf("${", from); open >= 0; open = text.indexOf("${", from)) {
    const escaped = open > from && text[open - 1] === "$";
    literal(parts, text.slice(from, escaped ? open - 1 : open));
    if (escaped) {
      literal(parts, "${");
      from = open + 2;
      continue;
    }
    const close = text.indexOf("}", open);
    if (close < 0) return { kind: "invalid", message: unclosed(text.slice(open)) };
    const part = parseExpression(text.slice(open + 2, close));
    if (part === null) return { kind: "invalid", message: unknownExpression(text.slice(open, close + 1)) };
    parts.push(part);
    from = close + 1;
  }
  literal(parts, text.slice(from));
  return { kind: "template", parts };
}

/** The text for one device. Inserted text is not scanned again. */
export function renderParts(parts: readonly TemplatePart[], device: LabelledDevice): RenderedText {
  let text = "";
  for (const part of parts) {
    switch (part.kind) {
      case "literal":
        text += part.text;
        break;
      case "id":
        text += device.id;
        break;
      case "label": {
        const value = device.labels.get(part.key) ?? part.fallback;
        if (value === null) return { kind: "missing-label", key: part.key };
        text += value;
      }
    }
  }
  return { kind: "text", text };
}

/** True where the text is the same for every device. */
export function isConstant(parts: readonly TemplatePart[]): boolean {
  return parts.every((part) => part.kind === "literal");
}

function literal(parts: TemplatePart[], text: string): void {
  if (text !== "") parts.push({ kind: "literal", text });
}

function parseExpression(expression: string): TemplatePart | null {
  if (expression === "device.id") return { kind: "id" };
  if (!expression.startsWith(LABEL_PREFIX)) return null;
  const rest = expression.slice(LABEL_PREFIX.length);
  const split = rest.indexOf(":-");
  const key = split < 0 ? rest : rest.slice(0, split);
  if (labelKeyFault(key) !== null) return null;
  return { kind: "label", key, fallback: split < 0 ? null : rest.slice(split + 2) };
}

function unclosed(text: string): string {
  return `${quoted(text)} has no closing }; write $\${ for a literal \${`;
}

function unknownExpression(text: string): string {
  const known = "${device.id}, ${device.labels.KEY} and ${device.labels.KEY:-fallback}";
  return `${quoted(text)} is no placeholder: there are ${known}; write $\${ for a literal \${`;
}
