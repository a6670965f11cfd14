/** A status bot as a process, with the settings it is given as JSON: so that a test can kill it. */
import { createLogger } from "#runtime/logger.ts";
import { runUntilSignal } from "#runtime/shutdown.ts";
import { run, settings } from "#status-bot/main.ts";

const given = settings.parse(JSON.parse(process.argv[2] ?? "{}"));
const logger = createLogger({ name: "status-bot", level: "debug", format: "json" });
process.exitCode = await runUntilSignal((signal) =>
  run(given, { signal, logger, stdout: (text) => void process.stdout.write(text) }),
);
