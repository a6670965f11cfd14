/** What the fleet wants of this device for one deployment, as its bucket says it. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonValue } from "#schema/canonical-json.ts";
import { parseWireScore, type Service } from "#schema/score.ts";

/** A service and the hash of all that makes its container what it is. */
export interface ServiceSpec {
  readonly name: string;
  /** 64 hex digits. Equal hash means that the container that exists is the one that is wanted. */
  readonly hash: string;
  readonly service: Service;
}

/** `refused`: a value that this agent cannot follow; nothing is touched. `remove`: a delete marker was seen. */
export type Intent =
  | { readonly kind: "run"; readonly text: string; readonly digest: string; readonly services: readonly ServiceSpec[] }
  | { readonly kind: "refused"; readonly text: string; readonly digest: string; readonly error: string }
  | { readonly kind: "remove" };

/** Values over this size are refused: the reconciler never writes them. */
export const VALUE_MAX_BYTES = 64 * 1_024;
// Part of each hash: raised when the way containers are made changes so much that all of them must be made anew.
const SPEC_VERSION = 1;

/** The intent that a desired-state value holds. Never throws: what cannot be followed is `refused`. */
export function intentOf(value: Uint8Array | string): Intent {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (bytes.length > VALUE_MAX_BYTES) {
    return {
      kind: "refused",
      text: "",
      digest,
      error: `the desired state is over ${VALUE_MAX_BYTES} bytes; make it smaller`,
    };
  }
  const text = new TextDecoder().decode(bytes);
  const score = parse(text);
  return score.kind === "services"
    ? { kind: "run", text, digest, services: score.services.map(specOf) }
    : { kind: "refused", text, digest, error: score.error };
}

type Parsed =
  | { readonly kind: "services"; readonly services: readonly Service[] }
  | { readonly kind: "no"; readonly error: string };

function parse(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "no", error: "the desired state is not JSON; write it again from its repository" };
  }
  const score = parseWireScore(json);
  switch (score.kind) {
    case "score":
      return { kind: "services", services: score.score.data.services };
    case "unknown-type":
      return {
        kind: "no",
        error: `unknown score type "${score.type}"; this agent knows PodmanV0: update the agent, or use that type`,
      };
    case "malformed":
      return { kind: "no", error: score.error };
  }
}

function specOf(service: Service): ServiceSpec {
  const text = canonicalJson({ version: SPEC_VERSION, service: service as unknown as JsonValue });
  return { name: service.name, hash: createHash("sha256").update(text).digest("hex"), service };
}
