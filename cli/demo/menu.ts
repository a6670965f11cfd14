/** What a person can try while the demo runs. */
import { join, relative } from "node:path";
import { packageRoot } from "#runtime/package-root.ts";
import { REAL_DEVICE } from "#sandbox/fleet-repository.ts";
import type { LocalFleet } from "#sandbox/local-fleet.ts";
import type { Paint } from "../io.ts";
import { HELLO_FILE } from "./story.ts";

const BIN = join(packageRoot(), "bin/gitfleet");

/** The menu, as text for another terminal. */
export function menuText(fleet: LocalFleet, { cwd, paint }: { readonly cwd: string; readonly paint: Paint }): string {
  const bin = relative(cwd, BIN).startsWith("..") ? BIN : `./${relative(cwd, BIN)}`;
  const repo = fleet.repository.path;
  const nats = fleet.nats.url;
  const bucket = "desired-state";
  const key = `${REAL_DEVICE}.hello`;
  const things: [string, string[]][] = [
    ["the running service", [`curl http://127.0.0.1:${fleet.port}/`]],
    [
      "upgrade it: edit, commit, look again",
      [
        `sed -i s/web:1/web:2/ ${repo}/${HELLO_FILE}`,
        `git -C ${repo} commit -am "hello: web:2"`,
        `git -C ${repo} push`,
      ],
    ],
    [
      "a change by pull request: the bot says there what it would do, and after the merge how it goes",
      ["p⏎  (here) opens one and prints where to see it", "m⏎  (here) merges it"],
    ],
    [
      "a pull request of your own",
      [`git -C ${repo} switch -c my-change`, `git -C ${repo} push origin my-change`, "p my-change⏎  (here)"],
    ],
    ["the fleet, live", [`${bin} status --watch --nats ${nats}`]],
    ["what runs on a device and why", [`${bin} explain kiosk-0001 ${repo}`]],
    ["what a change would do, before it is committed", [`${bin} plan ${repo} --base HEAD`]],
    [
      "its container, and what happens when you kill it",
      [
        `podman --url unix://${fleet.device.socketPath} ps`,
        `podman --url unix://${fleet.device.socketPath} kill --all`,
      ],
    ],
    [
      "a key, by the nats tool (https://github.com/nats-io/natscli)",
      [`nats --server ${nats} kv get ${bucket} ${key}`, `nats --server ${nats} kv watch device-state`],
    ],
    ["the reconciler's metrics", [`curl http://127.0.0.1:${fleet.metricsPort}/metrics`]],
    [
      "how the fleet is, as git has it",
      [`git -C ${repo} fetch`, `git -C ${repo} show origin/fleet-status:status/README.md`],
    ],
    ["the logs", [`tail -f ${fleet.folder}/logs/*.log`]],
  ];
  const lines = things.flatMap(([title, commands]) => [
    paint("bold", title),
    ...commands.map((command) => `    ${paint("cyan", command)}`),
  ]);
  return `\nTry, in another terminal:\n\n${lines.map((line) => `  ${line}`).join("\n")}\n\nCtrl-C ends it and removes everything.\n`;
}
