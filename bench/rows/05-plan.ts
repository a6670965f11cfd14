/** Row 5: what a commit changes: everything, where nothing was before, or what one small change touches. */
import type { FileChange } from "#fleet/file-changes.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { Matches } from "#fleet/matches.ts";
import { planBetween, type Plan } from "#fleet/plan.ts";
import { finished } from "#fleet/steps.ts";
import { fileWithDeployment, fileWithDevice, groupName, type GeneratedFile } from "../generated-fleet.ts";
import { interleaved, timed } from "../interleaved.ts";
import { PlannedFleet } from "../planned-fleet.ts";
import { figure, type Figure, type Row, type RowContext } from "../row.ts";
import { pairsOf, SIZES, type FleetSize } from "../sizes.ts";

const WHOLE_TARGET = 3;
const CHANGE_TARGET_MS = 2;
const LARGER_TARGET = 2;
/** One change takes parts of a millisecond: the best of many rounds says more. */
const ROUNDS = 40;
/** Things far from one another change in turn. */
const STRIDE = 7_919;

/** A small change: the file it is made in, and how many pairs it touches. */
interface Variant {
  readonly what: string;
  readonly file: (size: FleetSize, round: number) => GeneratedFile;
}

const VARIANTS: readonly Variant[] = [
  {
    what: "re-plan after one changed device: it moves to another group",
    file: (size, round) => {
      const index = (round * STRIDE) % size.devices;
      return fileWithDevice(size, index, { group: groupName((index + 1) % size.groups) });
    },
  },
  {
    what: "re-plan after one changed label, which values say",
    file: (size, round) => fileWithDevice(size, (round * STRIDE * size.groups) % size.devices, { site: "rome" }),
  },
  {
    what: "re-plan after one changed deployment of at most 100 pairs",
    file: (size, round) => fileWithDeployment(size, (round * STRIDE) % size.deployments, 1),
  },
];

export const planRow: Row = {
  row: 5,
  what: "plan",
  limitIs:
    "from nothing: writing the same pairs, already matched, to an array; after a change: 2 ms, and at XL the same change at L",
  async *measure(context) {
    const [size, larger] = context.quick ? [SIZES.S, SIZES.M] : [SIZES.L, SIZES.XL];
    const planned = await made(size, context);
    yield await measureWhole(context.quick ? await made(larger, context) : planned, context.quick ? larger : size);
    const smaller = new Map(VARIANTS.map((variant) => [variant, bestOf(variant, planned, size)]));
    for (const [{ what }, value] of smaller) {
      yield figure({ row: 5, what, size: size.name, unit: "ms", value, target: CHANGE_TARGET_MS });
    }
    const large = await made(larger, context);
    for (const [variant, limit] of smaller) {
      const value = bestOf(variant, large, larger);
      yield figure({ row: 5, what: variant.what, size: larger.name, unit: "ms", value, limit, target: LARGER_TARGET });
    }
  },
};

async function made(size: FleetSize, { say, signal }: RowContext): Promise<PlannedFleet> {
  say(`making and reading a fleet of size ${size.name}`);
  return await PlannedFleet.of(size, signal);
}

/** From the devices and deployments of a repository: who is matched by whom, and each pair that is to be added, in order. */
async function measureWhole({ fleet }: PlannedFleet, size: FleetSize): Promise<Figure> {
  const deployments = [...fleet.deployments.values()];
  const { numbering } = fleet.matches;
  const counts = { ours: 0, limit: 0 };
  const { ours: value, limit } = await interleaved(
    async () =>
      await measured(() => {
        const matches = finished(Matches.of(numbering, fleet.devices, deployments));
        counts.ours = additionsOf(planBetween(null, { ...fleet, matches }));
      }),
    async () => {
      const blocks = [...fleet.matches.deployments.entries()].map(([, { deployment, matched }]) => {
        return { deployment: deployment.name, value: deployment.score, numbers: matched.toArray() };
      });
      return await measured(() => {
        const pairs: unknown[] = [];
        for (const { deployment, value: score, numbers } of blocks) {
          for (const number of numbers) {
            pairs.push({ device: numbering.devices.nameOf(number), deployment, value: score });
          }
        }
        counts.limit = pairs.length;
      });
    },
  );
  if (counts.ours !== pairsOf(size) || counts.limit !== pairsOf(size)) {
    throw new Error(`the plan adds ${counts.ours} pairs and the array has ${counts.limit}, not ${pairsOf(size)}`);
  }
  return figure({ row: 5, what: "plan from nothing", size: size.name, unit: "ms", value, limit, target: WHOLE_TARGET });
}

/** Goes over the whole plan, as whoever shows it does: a plan makes its changes no sooner than that. */
function additionsOf({ added, changes }: Plan): number {
  let found = 0;
  for (const { action, device, deployment } of changes) {
    if (action === "add" && device !== "" && deployment !== "") found += 1;
  }
  if (found !== added) throw new Error(`the plan says that it adds ${added} pairs, and lists ${found}`);
  return found;
}

/** Garbage of the round before is not counted against this one. */
async function measured(work: () => void): Promise<number> {
  globalThis.gc?.();
  return await timed(work);
}

/** From the documents of the changed file to the plan; reading the file is what the rows about reading measure. */
function bestOf({ what, file }: Variant, planned: PlannedFleet, size: FleetSize): number {
  let best = Number.POSITIVE_INFINITY;
  const changes = Array.from({ length: ROUNDS }, (_, round) => {
    const { path, text } = file(size, round + 1);
    return planned.changed(path, text);
  });
  for (const change of changes) {
    const fromMs = performance.now();
    const next = planned.after(change);
    const { changes: pairs } = planBetween(planned.fleet, next);
    best = Math.min(best, performance.now() - fromMs);
    if (pairs.length === 0 || pairs.length > 100) throw new Error(`${what} changes ${pairs.length} pairs`);
    assertTaken(change, next);
  }
  return best;
}

/** What was planned is what the file says. */
function assertTaken({ after }: FileChange, fleet: Fleet): void {
  for (const { sound } of after?.objects.devices ?? []) {
    if (sound !== null && fleet.devices.get(sound.id) !== sound) throw new Error(`${sound.id} is not in the plan`);
  }
}
