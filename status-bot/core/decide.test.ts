import { describe, expect, test } from "vitest";
import type { CommitStatus, PullRequest } from "../forge/forge.ts";
import { decide } from "./decide.ts";
import type { BotEvent, Failure } from "./events.ts";
import { LiveFleet } from "#fleet/live-fleet.ts";
import type { PullJudgement } from "./judgement.ts";
import { observe } from "./observe.ts";
import type { BotEffect } from "./planned-effects.ts";
import { initialState, type BotState } from "./state.ts";

const [HEAD, MAIN, NEXT] = ["1".repeat(40), "2".repeat(40), "3".repeat(40)] as const;
const LINKS = { file: () => "", commit: () => "" };

describe("what the bot does next", () => {
  test("begins with a look, and looks again after the poll interval or a webhook", () => {
    const bot = new Driver();
    expect(bot.kinds()).toEqual(["look"]);
    bot.sees(looked());
    bot.passes(2_000);
    bot.sees({ ...looked(), line: null });
    expect(bot.kinds()).not.toContain("look");
    bot.passes(29_000);
    expect(bot.kinds()).not.toContain("look");
    bot.sees({ kind: "woken" });
    expect(bot.kinds()).toContain("look");
  });

  test("looks at a new head twice before it believes that no pull request brought it", () => {
    const bot = new Driver();
    bot.sees(looked());
    expect(bot.kinds()).not.toContain("look");
    bot.passes(2_000);
    expect(bot.kinds()).toContain("look");
  });

  test("a webhook that comes while a look is under way is not lost", () => {
    const bot = new Driver();
    bot.sees({ kind: "woken" });
    bot.sees({ ...looked(), wakes: 0 });
    bot.passes(1_000);
    expect(bot.kinds()).toContain("look");
  });

  test("judges and reads before it writes, and writes only what is missing", () => {
    const bot = judged();
    expect(bot.effects().find(({ key }) => key === "write")).toMatchObject({ kind: "set-status", commit: HEAD });
    bot.sees({ kind: "status-set", commit: HEAD, status: writtenStatus(bot) });
    const create = bot.effects().find(({ key }) => key === "write");
    expect(create).toMatchObject({ kind: "create-comment", pull: 7 });
    const body = create?.kind === "create-comment" ? create.body : "";
    bot.sees({ kind: "comment-written", pull: 7, comment: { id: 1, body, updatedAtMs: 0 }, created: true });
    expect(bot.kinds()).toContain("read-pull");
    bot.sees({ kind: "pull-read", pull: 7, updatedAt: "t", comments: [comment(1, body), comment(2, body)] });
    expect(bot.effects().find(({ key }) => key === "write")).toMatchObject({ kind: "delete-comment", id: 2 });
    bot.sees({ kind: "comment-deleted", pull: 7, id: 2 });
    expect(bot.effects().filter(({ key }) => key === "write")).toEqual([]);
  });

  test("a forge in trouble is left alone altogether, for as long as it asked", () => {
    const bot = judged();
    const [write] = bot.effects().filter(({ key }) => key === "write");
    bot.sees(failure(write!, { place: "forge", retryAfterMs: 60_000 }));
    bot.passes(59_000);
    // What was under way when the forge asked for the pause does not end it.
    bot.sees({ kind: "commit-read", commit: HEAD, statuses: [], annotationsId: null });
    expect(bot.effects()).toEqual([]);
    expect(bot.wakeAtMs()).toBe(60_000);
    bot.passes(1_000);
    expect(bot.kinds()).toContain("look");
  });

  test("a write that may have happened is not repeated before what stands there is read again", () => {
    const bot = judged();
    bot.sees({ kind: "status-set", commit: HEAD, status: writtenStatus(bot) });
    const [create] = bot.effects().filter(({ key }) => key === "write");
    bot.sees(failure(create!, { place: "forge", retryAfterMs: null }));
    bot.passes(2_000);
    expect(bot.kinds()).toContain("read-pull");
    expect(bot.kinds()).not.toContain("create-comment");
  });

  test("one thing that needs a person does not hold up the others", () => {
    const bot = judged();
    const [write] = bot.effects().filter(({ key }) => key === "write");
    bot.sees(failure(write!, { place: null, retryAfterMs: null }));
    bot.sees({ kind: "commit-read", commit: HEAD, statuses: [], annotationsId: null });
    expect(bot.effects().find(({ key }) => key === "write")).toMatchObject({ kind: "create-comment" });
  });

  test("tells in status files that nothing valid was ever there, by the defaults", () => {
    const view = new LiveFleet();
    const bot = new Driver(view);
    const record = { fleet: "f", branch: "main", head: MAIN, applied: null, applying: null, applied_at: null };
    const refused = { commit: MAIN, reason: "invalid", message: "why", problems: 1, removes: 0, of: 0 };
    const value = new TextEncoder().encode(JSON.stringify({ ...record, refused, desired_keys: 0 }));
    view.apply("fleet", { kind: "put", key: "reconciler", value, atMs: 0, headers: () => undefined });
    bot.sees({ ...looked(), open: [] });
    bot.sees({ kind: "fleet-changed", isWhole: true });
    expect(bot.kinds()).not.toContain("publish");
    const invalid = { commit: MAIN, problems: [], problemsTotal: 1, deployments: 0, devices: 0 };
    bot.sees({
      kind: "commit-judged",
      commit: MAIN,
      judgement: invalid,
      scope: null,
      settings: null,
      pullNumber: null,
      pull: null,
    });
    expect(bot.effects()).toContainEqual(
      expect.objectContaining({ kind: "publish", branch: "fleet-status", intervalMs: 60_000 }),
    );
  });

  test("a merge that the forge is still working out does not take back an earlier verdict at once", () => {
    const bot = judged();
    bot.sees({ kind: "status-set", commit: HEAD, status: writtenStatus(bot) });
    bot.sees({ ...looked(), head: NEXT, line: [{ id: NEXT, parents: [MAIN] }] });
    bot.sees({ kind: "pull-judged", judgement: { ...judgement(), baseTip: NEXT, merge: { kind: "unknown" } } });
    expect(bot.kinds()).not.toContain("set-status");
    bot.sees({ kind: "pull-judged", judgement: { ...judgement(), baseTip: NEXT, merge: { kind: "conflict" } } });
    expect(bot.effects()).toContainEqual(expect.objectContaining({ kind: "set-status", commit: HEAD }));
  });
});

/** A bot whose effects are only looked at. */
class Driver {
  #state: BotState;
  #nowMs = 0;

  constructor(view = new LiveFleet()) {
    const forge = { links: LINKS, canAnnotate: false };
    this.#state = initialState({ branch: "main", folder: "", pollIntervalMs: 30_000, forge }, view);
  }

  sees(event: BotEvent): void {
    this.#state = observe(this.#state, event, this.#nowMs);
  }

  passes(ms: number): void {
    this.#nowMs += ms;
  }

  effects(): readonly BotEffect[] {
    return decide(this.#state, this.#nowMs).effects;
  }

  kinds(): string[] {
    return this.effects().map(({ kind }) => kind);
  }

  wakeAtMs(): number | null {
    return decide(this.#state, this.#nowMs).wakeAtMs;
  }
}

/** A bot that has seen and judged one open pull request, and knows that nothing stands there yet. */
function judged(): Driver {
  const bot = new Driver();
  bot.sees(looked());
  for (const commit of [HEAD, MAIN]) bot.sees({ kind: "commit-read", commit, statuses: [], annotationsId: null });
  bot.sees({ kind: "pull-read", pull: 7, updatedAt: "t", comments: [] });
  const own = judgement().own;
  bot.sees({
    kind: "commit-judged",
    commit: MAIN,
    judgement: own,
    scope: null,
    settings: null,
    pullNumber: null,
    pull: null,
  });
  bot.sees({
    kind: "status-set",
    commit: MAIN,
    status: { context: "gitfleet/validate", state: "success", description: "Valid: 0 deployments, 3 devices" },
  });
  bot.sees({ kind: "pull-judged", judgement: judgement() });
  return bot;
}

function looked(): Extract<BotEvent, { kind: "looked" }> {
  const pull: PullRequest = { number: 7, head: HEAD, updatedAt: "t", mergedAs: null };
  return { kind: "looked", open: [pull], merged: [], head: MAIN, line: [{ id: MAIN, parents: [] }], wakes: 0 };
}

function judgement(): PullJudgement {
  const own = { commit: HEAD, problems: [], problemsTotal: 0, deployments: 0, devices: 3 };
  const merge = { kind: "judged", judgement: own } as const;
  return { pull: 7, head: HEAD, mergeBase: MAIN, baseTip: MAIN, own, merge, plan: null };
}

function writtenStatus(bot: Driver): CommitStatus {
  const write = bot.effects().find(({ kind }) => kind === "set-status");
  if (write?.kind !== "set-status") throw new Error("no status is to be set");
  return write.status;
}

function comment(id: number, body: string): { id: number; body: string; updatedAtMs: number } {
  return { id, body, updatedAtMs: 0 };
}

function failure(effect: BotEffect, parts: Pick<Failure, "place" | "retryAfterMs">): Failure {
  return { kind: "failed", effect, chance: 0.5, message: "it did not work", ...parts };
}
