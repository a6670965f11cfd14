/** What every daemon tells about itself as a process, beside its own metrics. Costs nothing until somebody asks. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createMetrics, type MetricDefinition, type Metrics } from "./metrics.ts";
import { version } from "./version.ts";

/** The names that exporters of all languages use, where there are such names. */
export const PROCESS_METRICS = {
  build: {
    kind: "gauge",
    name: "gitfleet_build_info",
    help: "Always 1; the label says which version runs.",
    labels: ["version"],
  },
  loopDelay: {
    kind: "gauge",
    name: "gitfleet_event_loop_delay_p99_seconds",
    help: "How late the program came to its work, since the scrape before this one; 99 of 100 times it was less.",
  },
  cpu: {
    kind: "counter",
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
  },
  memory: {
    kind: "gauge",
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
  },
  started: {
    kind: "gauge",
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
  },
} as const satisfies Record<string, MetricDefinition>;

/** How often the event loop is looked at; a device must not be woken more often for the sake of a figure. */
const RESOLUTION_MS = 50;

/** The metrics of a table and those of the process, in one text. */
export function createDaemonMetrics<K extends string>(table: Readonly<Record<K, MetricDefinition>>): Metrics<K> {
  const own = createMetrics(table);
  const ofProcess = createMetrics(PROCESS_METRICS);
  const meter = new ProcessMeter(ofProcess.metric);
  return {
    metric: own.metric,
    async text() {
      meter.read();
      return `${await own.text()}\n${await ofProcess.text()}`;
    },
  };
}

class ProcessMeter {
  readonly #metric: Metrics<keyof typeof PROCESS_METRICS>["metric"];
  #delays: ReturnType<typeof monitorEventLoopDelay> | null = null;
  #cpuSeconds = 0;

  constructor(metric: Metrics<keyof typeof PROCESS_METRICS>["metric"]) {
    this.#metric = metric;
    metric.build.set(1, { version });
    metric.started.set(Date.now() / 1_000 - process.uptime());
  }

  read(): void {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    this.#metric.cpu.add(cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
    this.#metric.memory.set(process.memoryUsage.rss());
    this.#metric.loopDelay.set(this.#loopDelaySeconds());
  }

  #loopDelaySeconds(): number {
    if (this.#delays === null) {
      this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#delays.enable();
      return 0;
    }
    const p99Ms = this.#delays.percentile(99) / 1e6;
    this.#delays.reset();
    // What is recorded is the time between two looks.
    return Math.max(0, p99Ms - RESOLUTION_MS) / 1_000;
  }
}
