/** How all deployments stand, kept as they change: the sums, who comes first, the order of names. */
import type { Aggregate } from "#fleet/aggregate.ts";
import type { DeploymentName } from "#schema/names.ts";
import { troubledFirst, type NamedAggregate } from "../texts/status-readme.ts";
import type { Totals } from "../texts/status-files.ts";

const COUNTS = ["matched", "succeeded", "failed", "pending", "offline", "paused", "unverified"] as const;

/** One change costs one deployment's work; what is asked for costs what is in trouble, not what is well. */
export class DeploymentTable {
  readonly #aggregates = new Map<DeploymentName, Aggregate>();
  readonly #troubled = new Set<DeploymentName>();
  readonly #failing = new Set<DeploymentName>();
  readonly #totals = { matched: 0, succeeded: 0, failed: 0, pending: 0, offline: 0, paused: 0, unverified: 0 };
  /** Null where names came or went since somebody asked. */
  #sorted: readonly DeploymentName[] | null = null;

  get size(): number {
    return this.#aggregates.size;
  }

  get totals(): Totals {
    return { deployments: this.size, ...this.#totals };
  }

  get failing(): number {
    return this.#failing.size;
  }

  of(name: DeploymentName): Aggregate | null {
    return this.#aggregates.get(name) ?? null;
  }

  /** By name. */
  names(): readonly DeploymentName[] {
    this.#sorted ??= [...this.#aggregates.keys()].toSorted();
    return this.#sorted;
  }

  /** How a deployment stands now; null where nothing wants it any more. */
  set(name: DeploymentName, aggregate: Aggregate | null): void {
    const before = this.of(name);
    if ((before === null) !== (aggregate === null)) this.#sorted = null;
    for (const count of COUNTS) this.#totals[count] += (aggregate?.[count] ?? 0) - (before?.[count] ?? 0);
    if (aggregate === null) this.#aggregates.delete(name);
    else this.#aggregates.set(name, aggregate);
    const [failed, pending] = [aggregate?.failed ?? 0, aggregate?.pending ?? 0];
    mark(this.#failing, name, failed > 0);
    mark(this.#troubled, name, failed + pending > 0);
  }

  /** Those in the most trouble, at most `limit`; where fewer are in any, the first of the others by name. */
  first(limit: number): NamedAggregate[] {
    const found = this.#worstOf(this.#troubled, limit);
    for (const name of found.length < limit ? this.names() : []) {
      if (found.length === limit) break;
      if (!this.#troubled.has(name)) found.push(this.#named(name));
    }
    return found;
  }

  /** Those with the most failures, at most `limit`. */
  firstFailing(limit: number): NamedAggregate[] {
    return this.#worstOf(this.#failing, limit);
  }

  #worstOf(names: Iterable<DeploymentName>, limit: number): NamedAggregate[] {
    const found: NamedAggregate[] = [];
    for (const name of names) {
      const one = this.#named(name);
      const last = found[limit - 1];
      if (last !== undefined && troubledFirst(last, one) < 0) continue;
      found.splice(placeOf(one, found), 0, one);
      if (found.length > limit) found.pop();
    }
    return found;
  }

  #named(name: DeploymentName): NamedAggregate {
    const aggregate = this.of(name);
    if (aggregate === null) throw new TypeError(`nothing is known of ${name}`);
    return { name, aggregate };
  }
}

function mark(names: Set<DeploymentName>, name: DeploymentName, isIn: boolean): void {
  if (isIn) names.add(name);
  else names.delete(name);
}

/** Where it belongs among those that are in order. */
function placeOf(one: NamedAggregate, among: readonly NamedAggregate[]): number {
  let [low, high] = [0, among.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = among[middle];
    if (other !== undefined && troubledFirst(other, one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
