/** Whether two reports of a device say the same: what differs in when it was said is no difference. */
import { canonicalJson } from "./canonical-json.ts";

const TIMES: ReadonlySet<string> = new Set(["last_event_at", "updated_at", "duplicate_since"]);

/** The times in a text as devices write it; their names are kept. */
const TIME_VALUES = new RegExp(String.raw`(?<=[{,]"(?:${[...TIMES].join("|")})":)"[^"\\]*"`, "g");

/** True where both texts say the same, but for times. Of what is no JSON, only the same text says the same. */
export function saysTheSame(left: string, right: string): boolean {
  if (left === right) return true;
  // Most often the same program wrote both, and no member has to be looked for.
  if (left.replaceAll(TIME_VALUES, "") === right.replaceAll(TIME_VALUES, "")) return true;
  try {
    return timelessText(left) === timelessText(right);
  } catch {
    return false;
  }
}

function timelessText(text: string): string {
  return canonicalJson(JSON.parse(text, (key, value: unknown) => (TIMES.has(key) ? "a time" : value)));
}
