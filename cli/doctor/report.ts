/** What doctor found, for people and for programs. */
import type { Io } from "../io.ts";
import { count } from "../problem-text.ts";
import { table } from "../table.ts";
import type { Check } from "./check.ts";

export function doctorText(checks: readonly Check[], io: Pick<Io, "paint">): string {
  const marks = { ok: io.paint("green", "✓"), warn: io.paint("yellow", "!"), fail: io.paint("red", "✗") };
  const rows = checks.flatMap(({ level, name, found, todo = [] }) => [
    [marks[level], name, found],
    ...todo.map((step) => ["", "", `→ ${step}`]),
  ]);
  const fails = checks.filter(({ level }) => level === "fail").length;
  const warns = checks.filter(({ level }) => level === "warn").length;
  const verdict = fails === 0 ? "everything that must work works" : `${count(fails, "thing")} to mend`;
  return `${table(rows)}\n${verdict}${warns === 0 ? "" : `, ${count(warns, "hint")}`}\n`;
}

/** `{"ok":false,"checks":[{"level":"fail","name":"nats","found":"…","todo":["…"]}]}`; `ok` is false where one fails. */
export function doctorJson(checks: readonly Check[]): string {
  const all = checks.map(({ level, name, found, todo = [] }) => ({ level, name, found, todo }));
  return `${JSON.stringify({ ok: !checks.some(({ level }) => level === "fail"), checks: all })}\n`;
}
