/** Shows what the demo is doing: each step with a tick and its time, and on a terminal the step under way. */
import type { Io } from "../io.ts";

const TICK_MS = 1_000;

/** Prints steps, one at a time. */
export class Progress {
  readonly #io: Io;
  readonly #startedMs = performance.now();
  #running: { readonly what: string; readonly fromMs: number; readonly timer: NodeJS.Timeout } | null = null;

  constructor(io: Io) {
    this.#io = io;
  }

  /** Begins a step; call what it gives when the step is done, with more to say where there is more. */
  begin(what: string): (detail?: string) => void {
    this.stop();
    const fromMs = performance.now();
    const timer = setInterval(() => this.#draw(), TICK_MS);
    timer.unref();
    this.#running = { what, fromMs, timer };
    this.#draw();
    return (detail) => this.#done(what, fromMs, detail);
  }

  /** Begins, waits for and ends a step. */
  async step<T>(what: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const done = this.begin(what);
    const result = await work();
    done(detail?.(result));
    return result;
  }

  line(text = ""): void {
    this.stop();
    this.#io.out(`${text}\n`);
  }

  /** Marks the step under way as not done. */
  fail(): void {
    const running = this.#running;
    this.stop();
    if (running !== null) this.#io.out(`${this.#io.paint("red", "✗")} ${" ".repeat(8)}${running.what}\n`);
  }

  /** Takes away the line of the step under way. */
  stop(): void {
    if (this.#running === null) return;
    clearInterval(this.#running.timer);
    this.#running = null;
    if (this.#io.interactive) this.#io.out("\r\u001B[K");
  }

  totalSeconds(): string {
    return seconds(performance.now() - this.#startedMs);
  }

  #done(what: string, fromMs: number, detail?: string): void {
    this.stop();
    const took = seconds(performance.now() - fromMs).padStart(7);
    const more = detail === undefined ? "" : `: ${this.#io.paint("bold", detail)}`;
    this.#io.out(`${this.#io.paint("green", "✓")} ${this.#io.paint("dim", took)}  ${what}${more}\n`);
  }

  #draw(): void {
    const running = this.#running;
    if (running === null || !this.#io.interactive) return;
    const took = Math.floor((performance.now() - running.fromMs) / TICK_MS);
    const text = `… ${took > 0 ? `${took} s`.padStart(7) : " ".repeat(7)}  ${running.what}`;
    this.#io.out(`\r\u001B[K${text.slice(0, this.#io.columns() - 1)}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
