/** One thing that doctor looked at. */

/** `fail`: it does not work. `warn`: it works, or is needed only sometimes. */
export interface Check {
  readonly level: "ok" | "warn" | "fail";
  /** `node`, `nats`: what was looked at. */
  readonly name: string;
  /** What was found. */
  readonly found: string;
  /** What to do; empty where there is nothing to do. */
  readonly todo?: readonly string[];
}

/** The numbers of the first version in a text: `podman version 4.3.1` is [4, 3, 1]. Null where there is none. */
export function versionOf(text: string): readonly number[] | null {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? null : match.slice(1).map((part) => Number(part ?? 0));
}

/** True where `version` is at least `least`. */
export function atLeast(version: readonly number[], least: readonly number[]): boolean {
  for (const [index, number] of least.entries()) {
    const found = version[index] ?? 0;
    if (found !== number) return found > number;
  }
  return true;
}
