/** The template is what people copy: it must be right, run through its own workflow, and teach every field there is. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readFleetFolder } from "#cli/fleet-folder.ts";
import { desiredState } from "#fleet/desired.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";

const root = resolve(import.meta.dirname, "../..");
const template = join(root, "fleet-repo-template");
const texts = readdirSync(template, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ya?ml|md)$/.test(name))
  .map((name) => readFileSync(join(template, name), "utf8"));

/** Sections 2.1 to 2.3 of the contract, field by field. */
const FIELDS = {
  Deployment: `labels annotations targetSelector matchLabels matchExpressions In NotIn Exists DoesNotExist selectorRef paused score
    type PodmanV0 data services name image ports env value file volumes source target read_only files path content mode command
    user devices network private host privileged tmpfs stop_grace_seconds restart_policy no on-failure always unless-stopped health
    interval_seconds timeout_seconds retries start_period_seconds resources memory_bytes cpus rollout strategy Immediate`,
  placeholders: "${device.id} ${device.labels. :- $${",
  Device: "labels paused DeviceSelector matchExpressions",
  Fleet: `metadata paused devices admission declared reported reportedLabels offlineAfter prune maxPercent minKeys status branch
    interval wire scoreTag adjacent external Gitfleet-Allow-Prune`,
};

describe("the fleet repository template", () => {
  test("has no problem, and every device has something to run", () => {
    const { fleet, problems, warnings } = readFleetFolder(template);
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
    if (fleet === null) throw new Error("the template gives no fleet");
    const desired = desiredState(fleet);
    const busy = new Set([...desired.values.values()].map(({ device }) => device));
    expect([...busy].toSorted()).toEqual([...fleet.devices.keys()].toSorted());
  });

  test("has two sites and three roles", () => {
    const { fleet } = readFleetFolder(template);
    const values = (key: string): string[] => [
      ...new Set([...(fleet?.devices.values() ?? [])].map(({ labels }) => labels.get(key) ?? "")),
    ];
    expect(values("site").toSorted()).toEqual(["berlin", "paris"]);
    expect(values("role").toSorted()).toEqual(["gateway", "kiosk", "signage"]);
  });

  test.each(Object.entries(FIELDS))("shows or mentions every field: %s", (_, fields) => {
    const missing = fields.split(/\s+/).filter((field) => !texts.some((text) => text.includes(field)));
    expect(missing).toEqual([]);
  });
});

interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    { readonly steps: readonly { readonly run?: string; readonly env?: Record<string, string> }[] }
  >;
}

describe("the workflow of the template", () => {
  const workflow = parse(readFileSync(join(template, ".github/workflows/validate.yaml"), "utf8")) as Workflow;
  const scripts = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  let repository: Scratch;

  beforeAll(() => {
    repository = scratchFolder("template");
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
        cwd: repository.path,
      });
    gitfleet("init", join(repository.path, "fleet"));
    git("-C", "fleet", "add", "--all");
    git("-C", "fleet", "commit", "--quiet", "-m", "a fleet");
  });

  afterAll(() => {
    repository.remove();
  });

  function gitfleet(...args: string[]): string {
    return execFileSync(join(root, "bin/gitfleet"), args, { encoding: "utf8", cwd: repository.path });
  }

  test("runs for pull requests, may only read, and puts no text of others into a script", () => {
    expect(Object.keys(workflow.on)).toContain("pull_request");
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
  });

  test("calls gitfleet with commands and options that it has", () => {
    const calls = scripts.map((script) => /gitfleet@\S+ ([^>]*)/.exec(script)?.[1]?.trim().split(" ") ?? []);
    expect(calls.map(([command]) => command)).toEqual(["validate", "plan"]);
    for (const [command = "", ...options] of calls) {
      const given = options.map((option) => (option === '"$BASE"' ? "HEAD" : option));
      expect(gitfleet(command, join(repository.path, "fleet"), ...given)).toBeTypeOf("string");
    }
  });
});
