/** How far the devices are, while they run: a bar that is drawn anew on a terminal, elsewhere a line now and then. */
import type { SimulationProgress } from "./simulation.ts";

const BAR_LENGTH = 30;
const DRAW_MS = 250;
const LINE_MS = 5_000;

/** Where it is shown. */
export interface ProgressScreen {
  readonly err: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: () => number;
  readonly paint: (style: "green" | "red" | "dim", text: string) => string;
}

/** Begins; returns what takes the bar away. */
export function showProgress(screen: ProgressScreen, progress: () => SimulationProgress): () => void {
  let told = "";
  const draw = (): void => {
    const now = progress();
    if (screen.isTerminal) screen.err(`\r${barText(now, screen)}\u001B[K`);
    else {
      const line = progressText(now);
      if (line !== told) screen.err(`${line}\n`);
      told = line;
    }
  };
  const timer = setInterval(draw, screen.isTerminal ? DRAW_MS : LINE_MS);
  return () => {
    clearInterval(timer);
    if (screen.isTerminal) screen.err("\r\u001B[K");
  };
}

/** One line of counts. */
export function progressText({ connected, connections, settled, wanted, phases }: SimulationProgress): string {
  return `${settled} of ${wanted} settled, ${phases.Failed} failed, ${connected} of ${connections} connected`;
}

/** A bar and the counts, no longer than the terminal is wide. */
export function barText(
  now: SimulationProgress,
  { columns, paint }: Pick<ProgressScreen, "columns" | "paint">,
): string {
  const room = columns() - 1;
  const text = progressText(now);
  const length = Math.min(BAR_LENGTH, room - text.length - 1);
  if (length < 3) return text.slice(0, Math.max(0, room));
  const done = now.wanted === 0 ? 0 : Math.floor((now.settled / now.wanted) * length);
  const failed = now.wanted === 0 ? 0 : Math.min(done, Math.ceil((now.phases.Failed / now.wanted) * length));
  const bar = paint("green", "█".repeat(done - failed)) + paint("red", "█".repeat(failed));
  return `${bar}${paint("dim", "░".repeat(length - done))} ${text}`;
}
