/** What reconciler, agent and status-bot have in common on the command line: settings, a log, signals. */
import { z } from "zod";
import { createLogger, type Logger } from "#runtime/logger.ts";
import { logSettings } from "#runtime/settings.ts";
import { defineCommand, type Argument, type Command, type Example, type ExitCode } from "./command.ts";

/** What a daemon's main.ts gives. */
export interface DaemonMain<S extends z.ZodObject> {
  readonly settings: S;
  readonly run: (settings: z.output<S>, world: DaemonWorld) => Promise<ExitCode>;
}

/** What a daemon is given beside its settings. */
export interface DaemonWorld {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly stdout: (text: string) => void;
}

/** How a daemon is shown. */
export interface DaemonAbout {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly Example[];
  readonly notes?: readonly string[];
  readonly arguments?: readonly Argument[];
}

/** The command of a daemon: it logs on stderr, reads `--config`, and stops cleanly at SIGTERM and SIGINT. */
export function daemonCommand<S extends z.ZodObject>(about: DaemonAbout, main: DaemonMain<S>): Command {
  const settings = z.object({ ...main.settings.shape, ...logSettings });
  return defineCommand({
    arguments: [],
    ...about,
    settings,
    daemon: true,
    stopsItself: true,
    run: ({ settings: given, io, signal }) => {
      const { logLevel, logFormat } = logChoices.parse(given);
      const logger = createLogger({ name: about.name, level: logLevel, format: logFormat });
      // The daemon's own settings are among those that were parsed.
      return main.run(given as unknown as z.output<S>, { signal, logger, stdout: io.out });
    },
  });
}

const logChoices = z.object(logSettings);
