/** The quadlet: in words that podman 4.4 knows, with what the agent needs, and in step with the unit that needs no container. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { command as agent } from "#cli/commands/agent.ts";
import { visibleSettings } from "#cli/help.ts";
import { parseArguments } from "#cli/parse-arguments.ts";
import { SYSTEM_PLACES } from "#agent/install/places.ts";
import { systemUnit } from "#agent/install/unit.ts";
import { repositoryRoot } from "#tests/repository/files.ts";

/**
 * What podman's quadlet generator takes in `[Container]` since its first version (4.4; podman-systemd.unit(5), and
 * pkg/systemd/quadlet/quadlet.go). It refuses a file with any other key.
 */
const CONTAINER_KEYS = new Set(
  `AddCapability AddDevice Annotation ContainerName DropCapability Environment EnvironmentFile EnvironmentHost Exec
   ExposeHostPort Group Image Label Network NoNewPrivileges Notify PodmanArgs PublishPort ReadOnly RemapGid RemapUid
   RemapUidSize RemapUsers RunInit SeccompProfile SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel
   SecurityLabelType Timezone User UserNS VolatileTmp Volume`.split(/\s+/),
);

const text = readFileSync(join(repositoryRoot, "deploy/quadlet/gitfleet-agent.container"), "utf8");
const sections = parse(text);

/** Sections of `key=value` lines, as systemd reads them. */
function parse(unit: string): Map<string, [string, string][]> {
  const found = new Map<string, [string, string][]>();
  let lines: [string, string][] = [];
  for (const line of unit.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    const entry = /^(\w+)=(.*)$/.exec(line);
    if (section !== undefined) found.set(section, (lines = []));
    else if (entry !== null) lines.push([entry[1] ?? "", entry[2] ?? ""]);
    else throw new Error(`no line of a unit: ${line}`);
  }
  return found;
}

function values(section: string, key: string): string[] {
  return (sections.get(section) ?? []).filter(([name]) => name === key).map(([, value]) => value);
}

describe("the quadlet", () => {
  test("uses only sections and keys that podman 4.4 knows", () => {
    expect([...sections.keys()]).toEqual(["Unit", "Container", "Service", "Install"]);
    const keys = (sections.get("Container") ?? []).map(([key]) => key);
    expect(keys.filter((key) => !CONTAINER_KEYS.has(key))).toEqual([]);
  });

  test("starts the agent with the settings of the device, in words that the agent takes", () => {
    const [name, ...words] = values("Container", "Exec")[0]?.split(" ") ?? [];
    expect(name).toBe(agent.name);
    expect(parseArguments(words, visibleSettings(agent), []).flags.get("config")).toEqual([SYSTEM_PLACES.config]);
  });

  test("keeps settings, credentials and state where an agent without a container has them", () => {
    const mounts = values("Container", "Volume").map((line) => line.split(":"));
    expect(mounts).toEqual([
      ["/run/podman", "/run/podman"],
      [SYSTEM_PLACES.configFolder, SYSTEM_PLACES.configFolder, "ro"],
      [SYSTEM_PLACES.stateDir, SYSTEM_PLACES.stateDir],
    ]);
    expect(SYSTEM_PLACES.credentials.startsWith(`${SYSTEM_PLACES.configFolder}/`)).toBe(true);
  });

  test("has no more rights than the unit", () => {
    const unit = systemUnit({ exec: ["/usr/bin/gitfleet", "agent"] });
    expect(unit).toContain(`\nCapabilityBoundingSet=${values("Container", "AddCapability")[0]}\n`);
    expect(values("Container", "DropCapability")).toEqual(["all"]);
    for (const key of ["NoNewPrivileges", "ReadOnly", "SecurityLabelDisable"])
      expect(values("Container", key)).toEqual(["true"]);
    expect(text).not.toContain("--privileged");
  });

  test("names a version, and is on the device's own network", () => {
    expect(values("Container", "Image")).toEqual([expect.stringMatching(/^[^:]+:\d+\.\d+\.\d+$/)]);
    expect(values("Container", "Network")).toEqual(["host"]);
  });
});
