/**
 * States as nearly all of them are: written by an agent of ours, about whom their key names, without an error. They are
 * recognised here letter by letter, a million of them in a second; whatever else there is, the schema judges.
 */
import type { DevicePair } from "./keys.ts";
import { parseWireTime } from "./time.ts";
import type { DeploymentState, Phase } from "./wire.ts";

const PHASES: readonly Phase[] = ["Running", "Pending", "Failed"];
const DIGEST_PREFIX = "sha256:";
const DIGEST_LENGTH = DIGEST_PREFIX.length + 64;

/**
 * The state that a text is, the same as `JSON.parse` and the schema would give; null where only they can tell. A digest
 * that is `likelyDigest` need not be looked at more closely.
 */
export function plainDeploymentState(
  text: string,
  { device, deployment }: DevicePair,
  likelyDigest: string | null = null,
): DeploymentState | null {
  if (!isPlain(deployment)) return null;
  const reader = new PlainReader(text);
  if (!reader.takes('{"device_id":"') || !reader.takes(device)) return null;
  if (!reader.takes('","deployment":"') || !reader.takes(deployment) || !reader.takes('","phase":"')) return null;
  const phase = PHASES.find((name) => reader.takes(name));
  if (phase === undefined || !reader.takes('","last_event_at":"')) return null;
  const last_event_at = lastTime !== "" && reader.takes(lastTime) ? lastTime : reader.untilQuote();
  if (!isWireTime(last_event_at) || !reader.takes('","last_error":null')) return null;
  const state = { device_id: device, deployment, phase, last_event_at, last_error: null };
  if (reader.takes("}")) return reader.isAtEnd() ? state : null;
  if (!reader.takes(',"desired_digest":"')) return null;
  const isLikely = likelyDigest !== null && reader.takes(likelyDigest);
  const desired_digest = isLikely ? likelyDigest : reader.untilQuote();
  if (!isLikely && !isDigest(desired_digest)) return null;
  return reader.takes('"}') && reader.isAtEnd() ? { ...state, desired_digest } : null;
}

class PlainReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** True where these characters come next; they are then behind. */
  takes(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** The characters before the next quote. */
  untilQuote(): string {
    const end = this.#text.indexOf('"', this.#at);
    const taken = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at += taken.length;
    return taken;
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }
}

/** True where JSON writes the text as it is. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** The same as the schema's pattern: a million patterns are matched slower than a million loops run. */
function isDigest(text: string): boolean {
  if (text.length !== DIGEST_LENGTH || !text.startsWith(DIGEST_PREFIX)) return false;
  for (let at = DIGEST_PREFIX.length; at < DIGEST_LENGTH; at += 1) {
    const code = text.charCodeAt(at);
    const isHexDigit = (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
    if (!isHexDigit) return false;
  }
  return true;
}

let lastTime = "";

/** Many states come in one second: they bear the same time. */
function isWireTime(text: string): boolean {
  if (text === lastTime) return true;
  if (parseWireTime(text) === null) return false;
  lastTime = text;
  return true;
}
