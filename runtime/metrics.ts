/** Metrics as a table: each program declares all of its metrics once, with name, help and labels. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** One metric. Names follow Prometheus: base units, `_total` for counters. */
export interface MetricDefinition {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/** What a program may do with its metrics. Labels that a definition lacks are an error of the programmer. */
export interface MetricHandle {
  /** Counters and gauges: adds (1 when left out). */
  add(value?: number, labels?: Record<string, string>): void;
  /** Gauges: sets. */
  set(value: number, labels?: Record<string, string>): void;
  /** Histograms: records one observation. */
  observe(value: number, labels?: Record<string, string>): void;
  /** Gauges: forgets every value with labels, before those that exist now are set. */
  clear(): void;
}

export interface Metrics<K extends string> {
  readonly metric: Readonly<Record<K, MetricHandle>>;
  /** The text that `/metrics` answers. */
  readonly text: () => Promise<string>;
}

/** Creates every metric of a table in a registry of its own; those without labels begin at 0. */
export function createMetrics<K extends string>(table: Readonly<Record<K, MetricDefinition>>): Metrics<K> {
  const registry = new Registry();
  const entries = Object.entries<MetricDefinition>(table).map(([key, definition]) => [
    key,
    handleOf(definition, registry),
  ]);
  return {
    metric: Object.fromEntries(entries) as Record<K, MetricHandle>,
    text: () => registry.metrics(),
  };
}

function handleOf(definition: MetricDefinition, registry: Registry): MetricHandle {
  const base = { name: definition.name, help: definition.help, labelNames: [...(definition.labels ?? [])] };
  const misuse = (): never => {
    throw new TypeError(`${definition.name} is a ${definition.kind}: it has no such operation`);
  };
  switch (definition.kind) {
    case "counter": {
      const counter = new Counter({ ...base, registers: [registry] });
      return {
        add: (value = 1, labels = {}) => counter.inc(labels, value),
        set: misuse,
        observe: misuse,
        clear: misuse,
      };
    }
    case "gauge": {
      const gauge = new Gauge({ ...base, registers: [registry] });
      return {
        add: (value = 1, labels = {}) => gauge.inc(labels, value),
        set: (value, labels = {}) => gauge.set(labels, value),
        observe: misuse,
        clear: () => gauge.reset(),
      };
    }
    case "histogram": {
      const buckets = definition.buckets === undefined ? {} : { buckets: [...definition.buckets] };
      const histogram = new Histogram({ ...base, ...buckets, registers: [registry] });
      return {
        add: misuse,
        set: misuse,
        observe: (value, labels = {}) => histogram.observe(labels, value),
        clear: misuse,
      };
    }
  }
}
