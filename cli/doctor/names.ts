/** Do the names that matter have addresses? The servers of NATS, the registries, the git server. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { errorCode } from "#runtime/errors.ts";
import type { Check } from "./check.ts";

const ANSWER_LIMIT_MS = 5_000;

/** A host, and whose it is. */
export interface Named {
  readonly host: string;
  /** `NATS`, `registry`. */
  readonly what: string;
}

/** The host of `nats://user:pass@host:port`, of `host:port/path` and of a URL; null where there is none. */
export function hostOf(address: string): string | null {
  const rest = address.replace(/^[a-z+]+:\/\//i, "").replace(/^[^/]*@/, "");
  const host = /^(?:\[([^\]]+)\]|([^:/]+))/.exec(rest);
  return host?.[1] ?? host?.[2] ?? null;
}

/** One check per name; addresses need none. */
export async function checkNames(names: readonly Named[]): Promise<Check[]> {
  const distinct = names.filter(
    ({ host }, at) => isIP(host) === 0 && names.findIndex((one) => one.host === host) === at,
  );
  return await Promise.all(distinct.map(checkName));
}

async function checkName({ host, what }: Named): Promise<Check> {
  const name = "dns";
  const answer = await Promise.race([lookup(host).catch((error: unknown) => error), silence()]);
  if (typeof answer === "object" && answer !== null && "address" in answer) {
    return { level: "ok", name, found: `${host} (${what}) is ${String(answer.address)}` };
  }
  const found = `${host} (${what}) has no address: ${answer === null ? "no answer in time" : (errorCode(answer) ?? "unknown error")}`;
  const todo = [
    `check the spelling, and the name servers of this machine (/etc/resolv.conf); try: getent hosts ${host}`,
  ];
  return { level: "fail", name, found, todo };
}

async function silence(): Promise<null> {
  return await new Promise((resolve) => {
    setTimeout(() => resolve(null), ANSWER_LIMIT_MS).unref();
  });
}
