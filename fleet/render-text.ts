/** The desired state as it would be written, a key at a time. */
import { dump } from "js-yaml";
import type { DesiredState, DesiredValue } from "./desired.ts";

/** Which keys are rendered; all of them where nothing is said. */
export interface RenderFilter {
  readonly device?: string | undefined;
  readonly deployment?: string | undefined;
}

/** The values that a filter lets through, sorted by the bytes of the key. */
export function renderedValues(desired: DesiredState, { device, deployment }: RenderFilter = {}): DesiredValue[] {
  return [...desired.values.values()].filter(
    (value) =>
      (device === undefined || value.device === device) &&
      (deployment === undefined || value.deployment === deployment),
  );
}

/** `{"key":"kiosk-0001.web","value":{…}}` and a line break. */
export function renderNdjson({ key, text }: DesiredValue): string {
  return `{"key":${JSON.stringify(key)},"value":${text}}\n`;
}

/** The same as a YAML document. */
export function renderYaml({ key, text }: DesiredValue): string {
  return `---\n${dump({ key, value: JSON.parse(text) as unknown }, { noRefs: true, lineWidth: -1 })}`;
}
