/** The figures as a table for people or as JSON for programs. */
import { textTable } from "./figure-text.ts";
import { summarise, type Summary } from "./statistics.ts";
import type { Round } from "./round.ts";

/** All rounds of both ways. */
export interface Measured {
  readonly byGitfleet: readonly Round[];
  readonly byHand: readonly Round[];
}

interface Step {
  readonly name: string;
  readonly byHandIs: string;
  readonly ofMs: (round: Round) => number;
}

const STEPS: readonly Step[] = [
  { name: "commit → key written", byHandIs: "git fetch + KV put", ofMs: ({ keyMs }) => keyMs },
  { name: "key written → container running", byHandIs: "podman rm + podman run", ofMs: ({ runningMs }) => runningMs },
  { name: "container running → state visible", byHandIs: "KV put, seen by a watcher", ofMs: ({ stateMs }) => stateMs },
  { name: "in all", byHandIs: "", ofMs: ({ keyMs, runningMs, stateMs }) => keyMs + runningMs + stateMs },
];

interface Line {
  readonly step: string;
  readonly by_hand_is: string;
  readonly gitfleet_ms: Summary;
  readonly by_hand_ms: Summary;
}

function lines({ byGitfleet, byHand }: Measured): Line[] {
  return STEPS.map(({ name, byHandIs, ofMs }) => ({
    step: name,
    by_hand_is: byHandIs,
    gitfleet_ms: summarise(byGitfleet.map(ofMs)),
    by_hand_ms: summarise(byHand.map(ofMs)),
  }));
}

/** One JSON object. */
export function reportJson(measured: Measured): string {
  return JSON.stringify({ rounds: measured.byGitfleet.length, steps: lines(measured) });
}

/** A table, medians first. */
export function reportText(measured: Measured): string {
  const head = ["", "gitfleet", "(p90)", "by hand", "(p90)", "ratio", "by hand is"];
  const rows = lines(measured).map(({ step, by_hand_is: is, gitfleet_ms: ours, by_hand_ms: bare }) => [
    step,
    ms(ours.median),
    `(${ms(ours.p90)})`,
    ms(bare.median),
    `(${ms(bare.p90)})`,
    (ours.median / bare.median).toFixed(1),
    is,
  ]);
  return `${textTable([head, ...rows], new Set([0, head.length - 1]))}\n\nmedian of ${measured.byGitfleet.length} rounds, in milliseconds\n`;
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
