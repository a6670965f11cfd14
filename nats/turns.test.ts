import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

const NEVER = new AbortController().signal;

/** Lets all that can go on without anybody's doing go on. */
const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

/** Asks for a turn and notes when it comes. */
function asking(turns: Turns, name: string, began: string[], signal = NEVER): Promise<() => void> {
  const turn = turns.take(signal);
  void turn.then(() => began.push(name));
  return turn;
}

test("turns come one at a time, in the order in which they were asked for", async () => {
  const turns = new Turns();
  const began: string[] = [];
  const asked = ["first", "second", "third"].map((name) => asking(turns, name, began));
  for (const [index, turn] of asked.entries()) {
    const end = await turn;
    await settled();
    expect(began).toHaveLength(index + 1);
    end();
  }
  expect(began).toEqual(["first", "second", "third"]);
});

test("who no longer wants to wait does not, and keeps nobody waiting", async () => {
  const turns = new Turns();
  const began: string[] = [];
  const endFirst = await asking(turns, "first", began);
  const given = new AbortController();
  const second = asking(turns, "second", began, given.signal);
  const third = asking(turns, "third", began);
  given.abort();
  (await second)();
  await settled();
  expect(began).toEqual(["first", "second"]);
  endFirst();
  (await third)();
  expect(began).toEqual(["first", "second", "third"]);
});

test("a turn that is ended twice ends nobody else's", async () => {
  const turns = new Turns();
  const began: string[] = [];
  const end = await asking(turns, "first", began);
  const second = asking(turns, "second", began);
  end();
  const endSecond = await second;
  const third = asking(turns, "third", began);
  end();
  await settled();
  expect(began).toEqual(["first", "second"]);
  endSecond();
  await third;
});
