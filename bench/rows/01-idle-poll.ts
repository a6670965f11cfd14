/** Row 1: has the branch moved? Asked all the time, answered "no" nearly always. */
import { openSource } from "#git/open-source.ts";
import { interleaved, timed } from "../interleaved.ts";
import { withLoopDelay } from "../loop-delay.ts";
import { figure, type Row } from "../row.ts";
import { nativeGit, servedRepository } from "../served-repository.ts";
import { SIZES } from "../sizes.ts";

const TARGET = 0.5;
/** One poll takes some milliseconds: the best of more rounds says more. */
const ROUNDS = 15;

export const idlePollRow: Row = {
  row: 1,
  what: "idle poll of an http repository",
  limitIs: "`git ls-remote` of the branch",
  async *measure(context) {
    const size = context.quick ? SIZES.S : SIZES.M;
    const repository = await servedRepository(size, context);
    const source = await openSource({ repo: repository.url });
    context.undo.add("the source", async () => await source.close());
    const expected = (await nativeGit(["rev-parse", "main"], repository.path)).trim();
    const { result, loop_delay_p99_ms } = await withLoopDelay(async () =>
      interleaved(
        async () =>
          timed(async () => {
            if ((await source.head("main")) !== expected) throw new Error("gitfleet sees another head");
          }),
        async () =>
          timed(async () => {
            const text = await nativeGit(["ls-remote", repository.url, "refs/heads/main"], repository.scratch);
            if (!text.startsWith(expected)) throw new Error("git sees another head");
          }),
        ROUNDS,
      ),
    );
    const { ours: value, limit } = result;
    yield figure({
      row: 1,
      what: idlePollRow.what,
      size: size.name,
      unit: "ms",
      value,
      limit,
      target: TARGET,
      loop_delay_p99_ms,
    });
  },
};
