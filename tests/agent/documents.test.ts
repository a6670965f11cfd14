/** What README.md and docs/install-device.md show for devices: run, or at least in words that the commands take. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SYSTEM_PLACES, userPlaces } from "#agent/install/places.ts";
import { COMMANDS } from "#cli/commands.ts";
import { visibleSettings } from "#cli/help.ts";
import { parseArguments } from "#cli/parse-arguments.ts";
import { commandsIn } from "#tests/deploy/shell-blocks.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { DeviceRoot } from "./device-root.ts";

const GUIDE = read("docs/install-device.md");

function read(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}

/** The command lines of gitfleet in a document's shell blocks, without `sudo gitfleet`. */
function gitfleetLines(markdown: string): string[][] {
  return commandsIn(markdown)
    .map((words) => (words[0] === "sudo" ? words.slice(1) : words))
    .filter(([program]) => program === "gitfleet")
    .map(([, ...words]) => words);
}

describe("the block for devices in README.md", () => {
  const section = /^## Install on a device\n(.*?)^## /ms.exec(read("README.md"))?.[1] ?? "";

  test("installs an agent, and doctor then looks at that device", () => {
    const device = new DeviceRoot({ systemd: true });
    onTestFinished(() => device.remove());
    const [install = [], doctor = [], ...others] = gitfleetLines(section);
    expect(others).toEqual([]);
    device.place("/etc/kiosk-0001.creds", "made up\n");
    const installed = device.gitfleetWith("cd /etc", ...install);
    expect(installed).toMatchObject({ code: 0, stderr: "" });
    expect(device.commands().at(-1)).toBe("systemctl enable --now gitfleet-agent.service");
    const { code, stdout } = device.gitfleet(...doctor);
    expect(stdout).toMatch(/^✓ +settings +\/etc\/gitfleet\/agent\.yaml: device kiosk-0001$/m);
    expect(stdout).toMatch(/^✓ +service +gitfleet-agent\.service runs, also after a reboot$/m);
    // There is no podman and no nats.example here, and it says so.
    expect(stdout).toMatch(/^✗ +podman socket +none at \/run\/podman\/podman\.sock$/m);
    expect(code).toBe(1);
    device.loses("gitfleet-agent.service");
    expect(device.gitfleet(...doctor).stdout).toMatch(
      /^✗ +service +gitfleet-agent\.service does not run\n +→ systemctl enable --now gitfleet-agent\.service$/m,
    );
  });
});

describe("docs/install-device.md", () => {
  test.each(gitfleetLines(GUIDE).map((words) => [words.join(" "), words] as const))(
    "gitfleet %s",
    async (_line, words) => {
      const entry = [2, 1].flatMap((count) =>
        COMMANDS.filter(({ name }) => name === words.slice(0, count).join(" ")),
      )[0];
      if (entry === undefined) throw new Error("there is no such command");
      const { command } = await entry.load();
      const rest = words.slice(entry.name.split(" ").length);
      expect(parseArguments(rest, visibleSettings(command), command.arguments).help).toBe(false);
    },
  );

  test("names every place that is written", () => {
    const { config, credentials, stateDir, unit } = SYSTEM_PLACES;
    for (const path of [config, credentials, stateDir, unit]) expect(GUIDE).toContain(`| \`${path}\` `);
    const home = userPlaces({ folder: "~", env: {} });
    for (const path of [home.configFolder, home.stateDir]) expect(GUIDE).toContain(`\`${path}\``);
  });
});
