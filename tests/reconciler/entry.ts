/** The reconciler as a process of its own, for tests that kill it: settings as JSON in the first argument. */
import { run, settings } from "#reconciler/main.ts";
import { createLogger } from "#runtime/logger.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";

const given: unknown = JSON.parse(process.argv[2] ?? "{}");
const logger = createLogger({ name: "reconciler", level: "debug", format: "json" });
try {
  process.exitCode = await runUntilSignal(
    (signal) => run(settings.parse(given), { signal, logger, stdout: (text) => process.stdout.write(text) }),
    { logger },
  );
} catch {
  process.exitCode = 3;
}
