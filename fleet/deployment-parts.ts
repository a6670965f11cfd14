/** What of a deployment's score must be judged for each device. */
import { VALUE_MAX_BYTES } from "#schema/limits.ts";
import { parsePort } from "#schema/port.ts";
import type { Score, Service } from "#schema/score.ts";
import type { PlacedPort, ScoreParts } from "./fleet.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { isConstant, parseTemplate, renderParts, type TemplatePart } from "./template.ts";
import type { DeviceId } from "#schema/names.ts";

/**
 * How much longer a value can be than the text it is written in: `"\a"` becomes six characters, and the label or id that
 * a placeholder stands for is at most 63. Only documents so long, or with aliases, are measured.
 */
const GROWTH_MAX = 6;
const NO_DEVICE = { id: "" as DeviceId, labels: new Map<string, string>() };

/** The parts of a score that may hold problems for some device. */
export function deploymentParts(document: ParsedDocument, score: Score, textLength: number): ScoreParts {
  const templates = document.templates.map(({ place, parts, shape }) => ({ place, parts, shape }));
  const scorePath = ["spec", "score"];
  return {
    templates,
    ports: portsOf(document, score.data.services),
    mayBeTooLarge: textLength * GROWTH_MAX > VALUE_MAX_BYTES && document.isSound(...scorePath),
    scorePlace: document.placeOf(scorePath),
  };
}

function portsOf(document: ParsedDocument, services: readonly Service[]): PlacedPort[] {
  return services.flatMap((service, index) => {
    const path = ["spec", "score", "data", "services", index, "ports"];
    const ports: unknown = isMapping(service) ? document.valueAt(path) : undefined;
    if (!Array.isArray(ports)) return [];
    return ports.flatMap((text, at) =>
      typeof text === "string" ? portOf(document, [...path, at], service, text) : [],
    );
  });
}

/** The port at a path, or none where it has a problem already. */
function portOf(document: ParsedDocument, path: (string | number)[], service: Service, text: string): PlacedPort[] {
  const read = readPort(text);
  if (read === null) return [];
  const name = typeof service.name === "string" ? service.name : "";
  return [{ place: document.placeOf(path, "occurrence"), service: name, text, ...read }];
}

function readPort(text: string): Pick<PlacedPort, "port" | "parts"> | null {
  const template = parseTemplate(text);
  if (template.kind === "invalid") return null;
  if (!isConstant(template.parts)) return { port: null, parts: template.parts };
  const port = parsePort(constantText(template.parts));
  return port === null ? null : { port, parts: null };
}

function constantText(parts: readonly TemplatePart[]): string {
  const rendered = renderParts(parts, NO_DEVICE);
  return rendered.kind === "text" ? rendered.text : "";
}

function isMapping(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
