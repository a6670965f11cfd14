/** Published ports, as they stand in a score: `[address:]host:container[/tcp|/udp]`. */

/** One published port. */
export interface PublishedPort {
  /** Canonical text of the address, or null for all addresses: none given, `0.0.0.0` and `[::]`. */
  readonly address: string | null;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

const PORT = /^(?:(\[[0-9a-fA-F:.]{2,45}\]|[0-9.]{7,15}):)?([1-9]\d{0,4}):([1-9]\d{0,4})(?:\/(tcp|udp))?$/;
const PORT_MAX = 65_535;
const ALL_ADDRESSES = new Set(["0.0.0.0", "0:0:0:0:0:0:0:0"]);

/** The port that `text` says, or null where it is none. No ranges; IPv6 addresses stand in brackets. */
export function parsePort(text: string): PublishedPort | null {
  const match = PORT.exec(text);
  if (match === null) return null;
  const [hostPort, containerPort] = [Number(match[2]), Number(match[3])];
  const address = match[1] === undefined ? "0.0.0.0" : canonicalAddress(match[1]);
  if (address === null || hostPort > PORT_MAX || containerPort > PORT_MAX) return null;
  const protocol = match[4] === "udp" ? "udp" : "tcp";
  return { address: ALL_ADDRESSES.has(address) ? null : address, hostPort, containerPort, protocol };
}

/** True where two services on one device cannot both publish these. */
export function portsConflict(a: PublishedPort, b: PublishedPort): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.address === null || b.address === null || a.address === b.address;
}

function canonicalAddress(text: string): string | null {
  return text.startsWith("[") ? canonicalIpv6(text.slice(1, -1)) : canonicalIpv4(text);
}

function canonicalIpv4(text: string): string | null {
  const parts = text.split(".");
  const sound = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return sound ? text : null;
}

/** Eight groups of hex digits without leading zeros, so that different spellings of one address are one text. */
function canonicalIpv6(text: string): string | null {
  const halves = withIpv4Tail(text)?.split("::");
  if (halves === undefined || halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - (head?.length ?? 0) - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...(head ?? []), ...Array.from({ length: missing }, () => "0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

/** `::ffff:1.2.3.4` written with hex groups only; null where the dotted part is no IPv4 address. */
function withIpv4Tail(text: string): string | null {
  if (!text.includes(".")) return text;
  const start = text.lastIndexOf(":") + 1;
  const address = canonicalIpv4(text.slice(start));
  if (address === null || start === 0) return null;
  const bytes = address.split(".").map(Number);
  const group = (index: number): string => ((bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0)).toString(16);
  return `${text.slice(0, start)}${group(0)}:${group(2)}`;
}
