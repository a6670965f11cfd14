/** `gitfleet agent`: the daemon that runs on each device. */
import { run, settings } from "#agent/main.ts";
import { daemonCommand } from "../daemon.ts";

export const command = daemonCommand(
  {
    name: "agent",
    summary: "run what NATS says on this device, and report back",
    examples: [
      {
        line: "gitfleet agent --device-id kiosk-0001 --nats tls://nats.example:4222",
        does: "this machine is kiosk-0001",
      },
      { line: "gitfleet agent --device-id kiosk-0001 --label role=kiosk --label site=berlin", does: "with labels" },
      {
        line: "gitfleet agent --config /etc/gitfleet/agent.yaml",
        does: "settings from a file: `device-id: kiosk-0001`",
      },
    ],
    notes: [
      "It stops cleanly and leaves its containers running: an update of the agent interrupts nothing. After a power cut\n" +
        "it starts them again from --state-dir, with or without a network.",
    ],
  },
  { settings, run },
);
