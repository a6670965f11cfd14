/** Times on the wire: RFC 3339 in UTC. Writers use whole seconds and `Z`; readers accept fractions and offsets. */

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Asked for again and again in the same second. */
let last = { second: Number.NaN, text: "" };

/** The wire text of a moment: whole seconds, `Z`. */
export function wireTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1_000);
  if (second !== last.second) last = { second, text: `${new Date(epochMs).toISOString().slice(0, 19)}Z` };
  return last.text;
}

/** Milliseconds since 1970 of an RFC 3339 text, or null where it is none. */
export function parseWireTime(text: string): number | null {
  if (!RFC3339.test(text)) return null;
  const epochMs = Date.parse(text.toUpperCase());
  return Number.isNaN(epochMs) ? null : epochMs;
}
