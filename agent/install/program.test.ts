import { expect, test } from "vitest";
import { agentWords } from "./program.ts";

const node = "/usr/bin/node";

test("a single executable starts itself", () => {
  const words = agentWords({ single: true, execPath: "/usr/local/bin/gitfleet", script: null, exists: () => true });
  expect(words).toEqual(["/usr/local/bin/gitfleet", "agent"]);
});

test("a checkout starts its own program, which finds the right Node", () => {
  const script = "/opt/gitfleet/cli/main.ts";
  const exists = (path: string): boolean => path === "/opt/gitfleet/bin/gitfleet";
  expect(agentWords({ single: false, execPath: node, script, exists })).toEqual([
    "/opt/gitfleet/bin/gitfleet",
    "agent",
  ]);
});

test("an npm package is started by the very Node that runs it now: a service has no PATH to find one", () => {
  const script = "/usr/lib/node_modules/gitfleet/dist/gitfleet.js";
  expect(agentWords({ single: false, execPath: node, script, exists: () => true })).toEqual([node, script, "agent"]);
});
