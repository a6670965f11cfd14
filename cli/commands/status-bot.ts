/** `gitfleet status-bot`: the daemon that brings what devices say back to git and pull requests. */
import { run, settings } from "#status-bot/main.ts";
import { daemonCommand } from "../daemon.ts";

export const command = daemonCommand(
  {
    name: "status-bot",
    summary: "bring what devices say back to git and pull requests",
    examples: [
      {
        line: "gitfleet status-bot --repo https://github.com/shop/fleet --github shop/fleet --github-token-file /etc/gitfleet/token",
        does: "judge pull requests, tell how each merge went, keep the status branch",
      },
      { line: "gitfleet status-bot --repo /srv/git/fleet.git", does: "without a forge: only status files" },
      { line: "gitfleet status-bot --config bot.yaml --dry-run", does: "print every write it would make" },
    ],
    notes: [
      "What it needs from GitHub, step by step: docs/connect-the-bot.md. Secrets come from files or the environment\n" +
        "(GITFLEET_GITHUB_TOKEN, GITFLEET_GIT_TOKEN) rather than from the command line, where every user of the machine could\n" +
        "read them.",
    ],
  },
  { settings, run },
);
