/** Row 3: one file changed. From the poll that sees it to the fleet with the change in it, also after many of them. */
import { join } from "node:path";
import type { Caught, FollowerCosts, FollowerTask } from "../follower-process.ts";
import { forked } from "../forked.ts";
import { deviceName, fileWithDevice } from "../generated-fleet.ts";
import { interleaved, timed } from "../interleaved.ts";
import { figure, type Figure, type Row, type RowContext, type SizeName } from "../row.ts";
import { nativeGit, servedRepository, type ServedRepository } from "../served-repository.ts";
import { SIZES, type FleetSize } from "../sizes.ts";

const TARGET = 0.8;
const POLLS = 1_000;
const QUICK_POLLS = 120;
/** More than are folded at once. */
const SETTLING_POLLS = 60;
/** Sizes for which the many polls are made. */
const FOLLOWED: readonly SizeName[] = ["M", "L"];
/** What may be added once it has settled: what a fold takes for a moment, and a heap that is not at rest. */
const GROWTH_MAX_MB = 64;
/** Devices far from one another change in turn. */
const STRIDE = 7_919;

export const oneChangeRow: Row = {
  row: 3,
  what: "one changed file to its parsed change",
  limitIs: "`git fetch --depth 1` + `git diff` + `git cat-file` of what changed",
  async *measure(context) {
    const sizes: readonly SizeName[] = context.quick ? ["M"] : ["M", "L", "L'", "XL"];
    for (const size of sizes) yield* measureSize(SIZES[size], context);
  },
};

async function* measureSize(size: FleetSize, context: RowContext): AsyncGenerator<Figure> {
  const both = await Both.start(size, context);
  const what = oneChangeRow.what;
  yield await both.compared(what);
  if (!FOLLOWED.includes(size.name)) return;
  const polls = context.quick ? QUICK_POLLS : POLLS;
  context.say(`${polls} polls with a change each`);
  // The first ones fill the cache and the packs to what they may hold.
  await both.follow(SETTLING_POLLS);
  const before = await both.costs();
  await both.follow(polls - SETTLING_POLLS);
  const after = await both.costs();
  await both.catchNativeUp();
  yield await both.compared(`${what}, after ${polls} polls with a change each`);
  const common = { row: 3, size: size.name } as const;
  const grown = Math.max(0, after.rssMb - before.rssMb);
  yield figure({
    ...common,
    what: `memory added by the later ${polls - SETTLING_POLLS} polls`,
    unit: "MB",
    value: grown,
    target: GROWTH_MAX_MB,
  });
  yield figure({
    ...common,
    what: `written to disk by the later ${polls - SETTLING_POLLS} polls`,
    unit: "bytes",
    value: after.writtenBytes,
    target: 0,
  });
}

/** A reader of gitfleet and a clone of git, which follow the same branch. */
class Both {
  readonly #size: FleetSize;
  readonly #repository: ServedRepository;
  readonly #follower: ReturnType<typeof forked>;
  readonly #clone: string;
  readonly #signal: AbortSignal;
  #changes = 0;
  #head = "";
  #cloned = "";
  #changed = { path: "", text: "" };

  private constructor(size: FleetSize, repository: ServedRepository, { signal, undo }: RowContext) {
    this.#size = size;
    this.#repository = repository;
    this.#signal = signal;
    this.#clone = join(repository.scratch, "clone.git");
    this.#follower = forked("follower-process.ts", [repository.url], signal);
    undo.add("the reader", async () => await this.#follower.stop());
  }

  /** Both have read the first commit, and one more, which is not the first time of anything any more. */
  static async start(size: FleetSize, context: RowContext): Promise<Both> {
    const both = new Both(size, await servedRepository(size, context), context);
    context.say("reading it for the first time");
    await nativeGit(["clone", "--quiet", "--bare", "--depth", "1", both.#repository.url, both.#clone], ".");
    await both.#tell({ kind: "catch-up", device: deviceName(0) });
    await both.follow(2);
    await both.catchNativeUp();
    return both;
  }

  async compared(what: string): Promise<Figure> {
    await this.costs();
    const { ours: value, limit } = await interleaved(
      async () => await this.#byGitfleet(),
      async () => {
        await this.#change();
        return await this.#byGit();
      },
    );
    const { loop_delay_p99_ms } = await this.costs();
    return figure({ row: 3, what, size: this.#size.name, unit: "ms", value, limit, target: TARGET, loop_delay_p99_ms });
  }

  async follow(polls: number): Promise<void> {
    for (let poll = 0; poll < polls; poll += 1) {
      this.#signal.throwIfAborted();
      await this.#change();
      await this.#byGitfleet();
    }
  }

  async costs(): Promise<FollowerCosts> {
    return (await this.#tell({ kind: "costs" })) as FollowerCosts;
  }

  /** Not measured: git has not seen what gitfleet followed alone. */
  async catchNativeUp(): Promise<void> {
    await this.#fetch();
    this.#cloned = this.#head;
  }

  async #change(): Promise<void> {
    this.#changes += 1;
    this.#changed = fileWithDevice(this.#size, this.#index, { round: `r${this.#changes}` });
    this.#head = await this.#repository.commit({ [this.#changed.path]: this.#changed.text });
  }

  get #index(): number {
    return (this.#changes * STRIDE) % this.#size.devices;
  }

  async #byGitfleet(): Promise<number> {
    const device = deviceName(this.#index);
    const { commit, ms, changed, label } = (await this.#tell({ kind: "catch-up", device })) as Caught;
    const isRight = commit === this.#head && changed.join() === this.#changed.path && label === `r${this.#changes}`;
    if (!isRight) throw new Error(`gitfleet saw ${changed.join()} with ${label}, not ${this.#changed.path}`);
    return ms;
  }

  async #byGit(): Promise<number> {
    let text = "";
    const ms = await timed(async () => {
      await this.#fetch();
      const line = await nativeGit(["diff", "--raw", "--no-abbrev", this.#cloned, this.#head], this.#clone);
      text = await nativeGit(["cat-file", "blob", line.split(" ")[3] ?? ""], this.#clone);
    });
    if (text !== this.#changed.text) throw new Error(`git saw something else than ${this.#changed.path}`);
    this.#cloned = this.#head;
    return ms;
  }

  async #fetch(): Promise<void> {
    await nativeGit(["fetch", "--quiet", "--depth", "1", "origin", "+refs/heads/main:refs/heads/main"], this.#clone);
  }

  async #tell(task: FollowerTask): Promise<unknown> {
    this.#follower.tell(task);
    return await this.#follower.said();
  }
}
