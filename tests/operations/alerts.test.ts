/** deploy/prometheus/alerts.yaml, judged by promtool: every alert fires for its cause alone, and no sooner than it says. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { repositoryRoot } from "#tests/repository/files.ts";
import { promtool } from "#tests/support/promtool.ts";
import { ALERT_CASES, HEALTHY, WAITS_FOR_NATS, type Series } from "./alert-cases.ts";
import { alertRules, RULES_FILE } from "./alert-rules.ts";

let scratch: Scratch;

beforeAll(() => {
  scratch = scratchFolder("alerts");
});

afterAll(() => {
  scratch.remove();
});

describe("the alert rules", () => {
  test("are rules to promtool, with texts that can be filled in", async () => {
    const { code, output } = await promtool(["check", "rules", RULES_FILE]);
    expect(output).toContain(`SUCCESS: ${alertRules().length} rules found`);
    expect(code).toBe(0);
  });

  test("are silent about a fleet that is well", async () => {
    expect(await judged("well", HEALTHY, { 0: [], 30: [], 80: [], 150: [] })).toBe("SUCCESS");
  });

  test.each(ALERT_CASES.map((one, index) => ({ ...one, index })))(
    "$alert fires after $firesAt minutes and not after $quietAt",
    async ({ alert, change, quietAt, firesAt, index }) => {
      const series = Object.entries({ ...HEALTHY, ...change }).filter(([, values]) => values !== null);
      const changed = Object.fromEntries(series) as Series;
      expect(await judged(`case-${index}`, changed, { [quietAt]: [], [firesAt]: [alert] })).toBe("SUCCESS");
    },
  );

  test("blame NATS, and not git, where a reconciler cannot reach NATS", async () => {
    const series = { ...HEALTHY, ...WAITS_FOR_NATS } as Series;
    const all = ["GitfleetBucketNotFollowed", "GitfleetNoWriter", "GitfleetNotInStep"];
    expect(await judged("no-nats", series, { 1: [], 20: all })).toBe("SUCCESS");
  });

  test("have a case each", () => {
    const covered = new Set(ALERT_CASES.map(({ alert }) => alert));
    expect(alertRules().filter(({ alert }) => !covered.has(alert))).toEqual([]);
  });

  test.each(alertRules())("$alert says how bad it is, what it is, and where to read on", ({ labels, annotations }) => {
    expect(["critical", "warning"]).toContain(labels["severity"]);
    expect(Object.keys(annotations).toSorted()).toEqual(["description", "runbook", "summary"]);
    const [document = "", anchor = ""] = (annotations["runbook"] ?? "").split("#");
    expect(anchorsOf(document)).toContain(anchor);
  });
});

describe("the configuration of Prometheus that the guide shows", () => {
  test("loads the rules, and is one to promtool", async () => {
    const guide = readFileSync(join(repositoryRoot, "docs/operating.md"), "utf8");
    const shown = /```yaml\n# prometheus\.yml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
    const file = join(scratch.path, "prometheus.yml");
    writeFileSync(file, shown.replace("gitfleet/alerts.yaml", RULES_FILE));
    const { code, output } = await promtool(["check", "config", file]);
    expect(output).toContain("SUCCESS: 1 rule files found");
    expect(code).toBe(0);
  });
});

/** "SUCCESS", or what promtool found; `firing` says which alerts, and no others, fire after so many minutes. */
async function judged(
  name: string,
  series: Series,
  firing: Readonly<Record<number, readonly string[]>>,
): Promise<string> {
  const file = join(scratch.path, `${name}.json`);
  const expected = Object.entries(firing).map(([minutes, alerts]) => ({
    expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${minutes}m`,
    exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
  }));
  const input = Object.entries(series).map(([metric, values]) => ({ series: metric, values }));
  const tests = [{ name, interval: "1m", input_series: input, promql_expr_test: expected }];
  writeFileSync(file, JSON.stringify({ rule_files: [RULES_FILE], evaluation_interval: "1m", tests }));
  const { code, output } = await promtool(["test", "rules", file]);
  return code === 0 ? "SUCCESS" : output;
}

/** The anchors that a forge makes of the headings of a document. */
function anchorsOf(document: string): string[] {
  const text = readFileSync(join(repositoryRoot, document), "utf8");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
