/** Whether two reports of a device say the same: what differs in when it was said is no difference. */
import { canonicalJson } from "./canonical-json.ts";

const TIMES: ReadonlySet<string> = new Set(["last_event_at", "updated_at", "duplicate_since"]);

/** What a text says without its times, where it is written as devices write it. */
const TIME_MEMBERS = /(?<=[{,])"(?:last_event_at|updated_at|duplicate_since)":"[^"\\]*"/g;

/** True where both texts say the same, but for times. Of what is no JSON, only the same text says the same. */
export function saysTheSame(left: string, right: string): boolean {
  if (left === right) return true;
  // Most often the same program wrote both, and no member has to be looked for.
  if (left.replaceAll(TIME_MEMBERS, "") === right.replaceAll(TIME_MEMBERS, "")) return true;
  try {
    return timelessText(left) === timelessText(right);
  } catch {
    return false;
  }
}

function timelessText(text: string): string {
  return canonicalJson(JSON.parse(text, (key, value: unknown) => (TIMES.has(key) ? "a time" : value)));
}
