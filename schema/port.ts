/** Published ports, as they stand in a score: `[address:]host:container[/tcp|/udp]`. */

/** One published port. */
export interface PublishedPort {
  /** Canonical text of the address, or null for all addresses: none given, `0.0.0.0` and `[::]`. */
  readonly address: string | null;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}
/** The port that `text` says, or null where it is none. No ranges; IPv6 addresses stand in brackets. */
export declare function parsePort(text: string): PublishedPort | null;
