/** Long work as steps: a generator that yields now and then, so that whoever drives it can do something else between. */

/** The result of all steps, one right after the other. */
export function finished<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
