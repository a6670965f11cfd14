/** How many times each host port is published in a fleet: most are only once on a device, and this says so soon. */
import type { Deployment } from "./fleet.ts";
import { Numbered } from "./numbered.ts";

/** A deployment that publishes other ports now. */
export interface PublisherChange {
  readonly before: Deployment | undefined;
  readonly after: Deployment | undefined;
}

/** Never changes in place. */
export class PortUse {
  static readonly NONE = new PortUse(Numbered.empty(), 0);

  readonly #counts: Numbered<number>;
  /** Ports that depend on the device may be any. */
  readonly #anywhere: number;

  private constructor(counts: Numbered<number>, anywhere: number) {
    this.#counts = counts;
    this.#anywhere = anywhere;
  }

  with(changes: readonly PublisherChange[]): PortUse {
    const differences = new Map<number, number>();
    let anywhere = this.#anywhere;
    const count = (deployment: Deployment | undefined, by: 1 | -1): void => {
      for (const { port } of deployment?.parts.ports ?? []) {
        if (port === null) anywhere += by;
        else differences.set(port.hostPort, (differences.get(port.hostPort) ?? 0) + by);
      }
    };
    for (const { before, after } of changes) {
      if (before?.parts.ports === after?.parts.ports) continue;
      count(before, -1);
      count(after, 1);
    }
    const counts = [...differences].filter(([, by]) => by !== 0);
    if (counts.length === 0 && anywhere === this.#anywhere) return this;
    return new PortUse(
      this.#counts.with(counts.map(([port, by]) => [port, (this.#counts.at(port) ?? 0) + by])),
      anywhere,
    );
  }

  /** False where no other port of the fleet can clash with one of this deployment, nor its own among themselves. */
  mayClash({ parts: { ports } }: Deployment): boolean {
    if (ports.length === 0) return false;
    return this.#anywhere > 0 || ports.some(({ port }) => port === null || (this.#counts.at(port.hostPort) ?? 0) > 1);
  }
}
