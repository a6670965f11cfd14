/** What a person may type while the menu is shown: `p` opens a pull request, `m` merges it. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { errorText } from "#runtime/errors.ts";
import type { Io } from "../io.ts";
import type { PullRequests } from "./pull-requests.ts";

const HELP = "p⏎ opens a pull request, p BRANCH⏎ one of your own, m⏎ merges the last, Ctrl-C ends the demo";

/** Where the words come from and go to. */
export interface Words {
  readonly pulls: PullRequests;
  readonly io: Io;
  readonly input: Readable;
}

/** Follows the words, one after the other, until `stop`. */
export function followWords({ pulls, io, input }: Words): { stop(): void } {
  // Without `terminal` the lines are only read: Ctrl-C stays a signal.
  const lines = createInterface({ input, terminal: false });
  let last: Promise<void> = Promise.resolve();
  lines.on("line", (line) => {
    last = last.then(async () => io.out(`${await answer(pulls, line.trim(), io)}\n`));
  });
  return {
    stop: () => {
      lines.close();
      // An open terminal or pipe would keep the process.
      input.destroy();
    },
  };
}

async function answer(pulls: PullRequests, line: string, { paint }: Io): Promise<string> {
  const [word = "", name] = line.split(/\s+/);
  try {
    switch (word) {
      case "p": {
        const { number, page } = await pulls.open(name);
        return `pull request #${number}: see the bot's comment at ${paint("cyan", page)} (reload it now and then)`;
      }
      case "m":
        return `merged as ${(await pulls.merge()).slice(0, 7)}: the comment goes on at the same place`;
      default:
        return HELP;
    }
  } catch (error) {
    return errorText(error);
  }
}
