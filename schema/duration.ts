/** Durations as people write them: `500ms`, `10s`, `5m`, `2h`. */

const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** No duration is longer than this: a year. */
export const DURATION_MAX_MS = 366 * 86_400_000;

/** Whole milliseconds of a duration text, or null where it is none. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const durationMs = Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(durationMs) && durationMs <= DURATION_MAX_MS ? durationMs : null;
}

/** The shortest text that means this many milliseconds. */
export function durationText(durationMs: number): string {
  const unit = ["d", "h", "m", "s"].find((name) => durationMs > 0 && durationMs % (UNIT_MS[name] ?? 1) === 0) ?? "ms";
  return `${durationMs / (UNIT_MS[unit] ?? 1)}${unit}`;
}
