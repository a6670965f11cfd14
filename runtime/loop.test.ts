import { describe, expect, test, vi } from "vitest";
import { manualClock } from "./clock.ts";
import { silentLogger } from "./logger.ts";
import { REJECTED_REST_MS, startLoop, type Program } from "./loop.ts";

interface State {
  readonly wanted: readonly string[];
  readonly done: readonly string[];
}
type Event = { readonly kind: "want"; readonly name: string } | { readonly kind: "did"; readonly name: string };
interface Do {
  readonly key: string;
}

const program: Program<State, Event, Do> = {
  observe: (state, event) =>
    event.kind === "want"
      ? { ...state, wanted: [...state.wanted, event.name] }
      : { ...state, done: [...state.done, event.name] },
  decide: (state) => ({
    effects: state.wanted.filter((name) => !state.done.includes(name)).map((key) => ({ key })),
    wakeAtMs: null,
  }),
};

const nothing: State = { wanted: [], done: [] };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("loop", () => {
  test("performs what is missing, and learns from what the effect saw", async () => {
    const loop = startLoop({
      program,
      state: nothing,
      perform: async ({ key }) => ({ kind: "did" as const, name: key }),
      clock: manualClock(),
      logger: silentLogger,
    });
    loop.send({ kind: "want", name: "web" });
    loop.send({ kind: "want", name: "db" });
    await settled();
    expect(loop.state().done).toEqual(["web", "db"]);
    await loop.stop();
  });

  test("has at most one effect in flight for each key, and several for different keys", async () => {
    const started: string[] = [];
    const finish: (() => void)[] = [];
    const loop = startLoop({
      program,
      state: nothing,
      perform: ({ key }) => {
        started.push(key);
        return new Promise<Event>((resolve) => finish.push(() => resolve({ kind: "did", name: key })));
      },
      clock: manualClock(),
      logger: silentLogger,
    });
    loop.send({ kind: "want", name: "web" });
    await settled();
    loop.send({ kind: "want", name: "db" });
    await settled();
    expect(started).toEqual(["web", "db"]);
    for (const end of finish) end();
    await settled();
    expect(started).toEqual(["web", "db"]);
    await loop.stop();
  });

  test("survives a perform that rejects, says so, and tries again after a rest", async () => {
    const error = vi.fn<() => void>();
    let tries = 0;
    const clock = manualClock();
    const loop = startLoop<State, Event, Do>({
      program,
      state: nothing,
      perform: async ({ key }) => {
        tries += 1;
        if (tries === 1) throw new Error("a programmer's mistake");
        return { kind: "did", name: key };
      },
      clock,
      logger: { ...silentLogger, error },
    });
    loop.send({ kind: "want", name: "web" });
    await settled();
    expect(error).toHaveBeenCalledOnce();
    expect(tries).toBe(1);
    clock.advance(REJECTED_REST_MS);
    await settled();
    expect(loop.state().done).toEqual(["web"]);
    await loop.stop();
  });

  test("wakes by itself when the decision asked for it", async () => {
    const clock = manualClock();
    const performed: number[] = [];
    const loop = startLoop<null, null, Do>({
      program: {
        observe: () => null,
        decide: (_state, nowMs) => ({
          effects: nowMs >= 5_000 && performed.length === 0 ? [{ key: "late" }] : [],
          wakeAtMs: performed.length === 0 ? 5_000 : null,
        }),
      },
      state: null,
      perform: async () => {
        performed.push(clock.nowMs());
        return null;
      },
      clock,
      logger: silentLogger,
    });
    await settled();
    clock.advance(4_999);
    await settled();
    expect(performed).toEqual([]);
    clock.advance(1);
    await settled();
    expect(performed).toEqual([5_000]);
    await loop.stop();
  });

  test("aborts what is in flight when it stops, and starts nothing more", async () => {
    const started: string[] = [];
    const loop = startLoop<State, Event, Do>({
      program,
      state: nothing,
      perform: ({ key }, signal) => {
        started.push(key);
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
      },
      clock: manualClock(),
      logger: silentLogger,
    });
    loop.send({ kind: "want", name: "web" });
    await settled();
    await loop.stop();
    loop.send({ kind: "want", name: "db" });
    await settled();
    expect(started).toEqual(["web"]);
  });
});
