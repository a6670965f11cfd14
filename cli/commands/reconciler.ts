/** `gitfleet reconciler`: the daemon that brings what git says to NATS. */
import { run, settings } from "#reconciler/main.ts";
import { daemonCommand } from "../daemon.ts";

export const command = daemonCommand(
  {
    name: "reconciler",
    summary: "bring what git says to NATS, and keep it there",
    examples: [
      { line: "gitfleet reconciler --repo https://git.example/shop/fleet.git", does: "follow main of a repository" },
      { line: "gitfleet reconciler --repo . --once", does: "one pass over a repository on this machine, then end" },
      {
        line: "gitfleet reconciler --config /etc/gitfleet/reconciler.yaml",
        does: "with settings from a file, a line each: `repo: …`, `poll-interval: 10s`",
      },
    ],
    notes: [
      "With --once it ends with 0 when the branch's commit is applied, 1 when it was refused or held, 3 when git or NATS\n" +
        "could not be reached. A token for the repository comes from --git-token-file or GITFLEET_GIT_TOKEN rather than from\n" +
        "the command line, where every user of the machine could read it.",
    ],
  },
  { settings, run },
);
