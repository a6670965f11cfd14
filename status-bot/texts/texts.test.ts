import { describe, expect, test } from "vitest";
import type { Aggregate } from "#fleet/aggregate.ts";
import type { DistinctChange } from "#fleet/distinct-changes.ts";
import type { Problem } from "#fleet/problem.ts";
import type { DeploymentName, DeviceId } from "#schema/names.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import type { CommitJudgement, PlanReport, PullJudgement } from "../core/judgement.ts";
import type { Progress, RolloutCounts } from "../core/progress.ts";
import type { CommitStatus, ForgeLinks } from "../forge/forge.ts";
import { clearedAnnotations, pullAnnotations } from "./annotations.ts";
import { commentMarker, pullComment } from "./pull-comment.ts";
import { rolloutMarkOf } from "./rollout-section.ts";
import { deploymentFile, deploymentPath, fleetFile, type FleetFacts } from "./status-files.ts";
import { statusCommitMessage, statusReadme, type ShownDeployments } from "./status-readme.ts";
import { commitValidateStatus, isFinalRollout, pullValidateStatus, rolloutStatus } from "./statuses.ts";

const HEAD = "1".repeat(40);
const BASE = "2".repeat(40);
const MERGE = "3".repeat(40);
const LATER = "4".repeat(40);
const EVIL =
  "pull: 401 @everyone <img src=x onerror=alert(1)> <!-- gitfleet --> `rm` | cell\n# title ![x](https://e.example)";

describe("the comment on a pull request", () => {
  test("shows what would happen: what hurts on top, a row for each deployment, each distinct change once", async () => {
    await expect(commentOf(pullOf({ plan: PLAN }))).toMatchFileSnapshot("snapshots/comment-plan.txt");
  });

  test("says when nothing changes", async () => {
    await expect(commentOf(pullOf({ plan: NO_CHANGE }))).toMatchFileSnapshot("snapshots/comment-no-change.txt");
  });

  test("lists the problems of a commit that is invalid, each with a link to its line", async () => {
    const own = judgementOf(PROBLEMS);
    await expect(commentOf(pullOf({ own, plan: null, merge: { kind: "moot" } }))).toMatchFileSnapshot(
      "snapshots/comment-invalid.txt",
    );
  });

  test("lists the problems that only the merge would have", async () => {
    const merge = { kind: "judged", judgement: judgementOf(PROBLEMS, MERGE) } as const;
    await expect(commentOf(pullOf({ plan: NO_CHANGE, merge }))).toMatchFileSnapshot(
      "snapshots/comment-merge-invalid.txt",
    );
  });

  test.each(Object.entries(progresses()))("goes on after the merge: %s", async (name, progress) => {
    const text = commentOf(pullOf({ plan: NO_CHANGE }), { commit: MERGE, progress });
    await expect(text).toMatchFileSnapshot(`snapshots/comment-rollout-${name}.txt`);
    expect(rolloutMarkOf(text)).toEqual({ commit: MERGE, isFinal: ["done", "superseded"].includes(name) });
  });

  test("stays below GitHub's limit on every path, leaves out whole sections and says which", () => {
    const long = "🚚é".repeat(20_000);
    const changes = Array.from({ length: 400 }, (_, index) =>
      changeOf(`d-${index}`, `r.example/${index}:${"é".repeat(300)}`),
    );
    const problems = Array.from({ length: 100 }, (_, index) => ({ ...PROBLEM, line: index + 1, message: long }));
    const rows = changes.map(({ deployment }) => ({ deployment, added: 0, updated: 1, removed: 0 }));
    const plan = { ...PLAN, changes, rows, warnings: Array.from({ length: 50 }, () => long) };
    const failed = Array.from({ length: 50 }, () => ({
      device: "d".repeat(63),
      deployment: "w".repeat(63),
      error: long,
    }));
    const progress = { ...progresses()["failed"], failed } as Progress;
    for (const judgement of [
      pullOf({ plan }),
      pullOf({ plan, own: { ...judgementOf(problems), problemsTotal: 4_000 } }),
      pullOf({ plan, merge: { kind: "judged", judgement: { ...judgementOf(problems), problemsTotal: 4_000 } } }),
    ]) {
      for (const rollout of [null, { commit: MERGE, progress }]) {
        const text = commentOf(judgement, rollout);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
        expect(text).toMatch(/_Left out, since a comment may not be longer: .*\d+ changes/);
        expect(text.split("<details>")).toHaveLength(text.split("</details>").length);
      }
    }
  });

  test("gives text of others no power: no mention, no HTML, no marker, no table cell, no fence", () => {
    const change = { ...changeOf("web", EVIL), fields: [{ path: EVIL, before: "```\n</details>", after: EVIL }] };
    const plan = { ...PLAN, changes: [change], warnings: [EVIL] };
    const failed = [{ device: "kiosk-1", deployment: "web", error: EVIL }];
    const progress = { ...progresses()["failed"], failed } as Progress;
    const own = judgementOf([{ ...PROBLEM, message: EVIL }]);
    for (const text of [
      commentOf(pullOf({ plan }), { commit: MERGE, progress }),
      commentOf(pullOf({ own, plan: null })),
    ]) {
      const outside = withoutCode(text);
      expect(outside).not.toMatch(/@everyone|<img/);
      expect(text.match(/<!-- gitfleet/g)?.length).toBe(rolloutMarkOf(text) === null ? 1 : 2);
    }
  });
});

describe("gitfleet/validate", () => {
  test.each([
    ["a valid commit", commitValidateStatus(judgementOf([]))],
    ["an invalid commit", commitValidateStatus(judgementOf(PROBLEMS))],
    ["a valid pull request", pullValidateStatus(pullOf({ plan: PLAN }), "main")],
    ["an invalid head", pullValidateStatus(pullOf({ own: judgementOf(PROBLEMS), plan: null }), "main")],
    [
      "a merge that would be invalid",
      pullValidateStatus(pullOf({ plan: PLAN, merge: { kind: "judged", judgement: judgementOf(PROBLEMS) } }), "main"),
    ],
    ["a conflict", pullValidateStatus(pullOf({ plan: PLAN, merge: { kind: "conflict" } }), "main")],
    ["a merge not worked out", pullValidateStatus(pullOf({ plan: PLAN, merge: { kind: "unknown" } }), "main")],
    ["a very long problem", commitValidateStatus(judgementOf([{ ...PROBLEM, message: "é".repeat(500) }, PROBLEM]))],
  ])("of %s", (_, status) => {
    expect(status.description.length).toBeLessThanOrEqual(140);
    expect(`${status.context} ${status.state}: ${status.description}`).toMatchSnapshot();
  });
});

describe("gitfleet/rollout", () => {
  test.each(Object.entries(progresses()))("of a commit that is %s", (_, progress) => {
    const status = rolloutStatus(progress, null);
    expect(status.description.length).toBeLessThanOrEqual(140);
    expect(`${status.context} ${status.state}: ${status.description}`).toMatchSnapshot();
  });

  test("that had failed stays a failure when it is superseded", () => {
    const before: CommitStatus = { context: "gitfleet/rollout", state: "failure", description: "1 of 3 failed" };
    const status = rolloutStatus(progresses()["superseded"]!, before);
    expect(status.state).toBe("failure");
    expect(isFinalRollout(status)).toBe(true);
    expect(isFinalRollout(before)).toBe(false);
  });
});

describe("annotations", () => {
  test("stand at the lines of the repository's files, and change their id with what they say", () => {
    const invalid = pullOf({ own: judgementOf(PROBLEMS), plan: null });
    const found = pullAnnotations(invalid, "main", "fleets/shop");
    expect(found?.lines[0]).toEqual({
      path: "fleets/shop/deployments/web.yaml",
      line: 7,
      message: "unknown-field: unknown field imge; did you mean image?",
    });
    expect(found?.id).not.toBe(pullAnnotations(invalid, "main", "")?.id);
    expect(pullAnnotations(pullOf({ plan: PLAN }), "main", "")).toBeNull();
    expect(clearedAnnotations().conclusion).toBe("success");
  });
});

describe("the status files", () => {
  test("show a fleet that is well", async () => {
    await expect(statusReadme(factsOf({}), SHOWN)).toMatchFileSnapshot("snapshots/status-readme.txt");
    await expect(fleetFile(factsOf({}))).toMatchFileSnapshot("snapshots/status-fleet.txt");
  });

  test("say what is refused or held, why, and what to do", async () => {
    const invalid = factsOf({ refused: refusal("invalid") });
    await expect(statusReadme(invalid, SHOWN)).toMatchFileSnapshot("snapshots/status-readme-refused.txt");
    await expect(fleetFile(invalid)).toMatchFileSnapshot("snapshots/status-fleet-refused.txt");
    const held = factsOf({ refused: refusal("held") });
    await expect(statusReadme(held, SHOWN)).toMatchFileSnapshot("snapshots/status-readme-held.txt");
    await expect(fleetFile(held)).toMatchFileSnapshot("snapshots/status-fleet-held.txt");
  });

  test("name the devices of a deployment that failed or are pending, 50 of each", async () => {
    const listed = (kind: string, count: number): { device: DeviceId; offline: boolean; error: string; at: string }[] =>
      Array.from({ length: count }, (_, index) => ({
        device: `${kind}-${index}` as DeviceId,
        offline: index === 1,
        error: kind === "failed" ? EVIL : "",
        at: "2026-04-22T17:42:42Z",
      }));
    const few = { failed: listed("failed", 2), failedTotal: 2, pending: listed("pending", 1), pendingTotal: 1 };
    await expect(deploymentFile(WEB, aggregateOf(2), few)).toMatchFileSnapshot("snapshots/status-deployment.txt");
    const many = { failed: listed("failed", 50), failedTotal: 312, pending: [], pendingTotal: 0 };
    const text = deploymentFile(WEB, aggregateOf(312), many);
    expect(text).toContain("failed_not_named: 262");
    expect(text).not.toContain("pending_not_named");
  });

  test("lie where the contract says, also for names that no author may write", () => {
    expect(deploymentPath(WEB, 256)).toBe("status/deployments/web.yaml");
    expect(deploymentPath(WEB, 257)).toBe("status/deployments/6b/web.yaml".replace("6b", shardOfWeb()));
    expect(deploymentPath("a/../b" as DeploymentName, 1)).toBe("status/deployments/a%2F..%2Fb.yaml");
  });

  test("come with a message that says how it stands, and that no workflow needs to run", () => {
    expect(statusCommitMessage(factsOf({}), 12)).toMatchSnapshot();
  });
});

const WEB = "web" as DeploymentName;
const LINKS: ForgeLinks = {
  file: (commit, path, line) => `https://github.example/shop/fleet/blob/${commit}/${path}#L${line}`,
  commit: (commit) => `https://github.example/shop/fleet/commit/${commit}`,
};
const PROBLEM: Problem = {
  file: "deployments/web.yaml",
  line: 7,
  column: 5,
  code: "unknown-field",
  message: "unknown field imge; did you mean image?",
};
const PROBLEMS = [
  PROBLEM,
  { ...PROBLEM, line: 9, code: "invalid-port", message: "port 70000 is above 65535" } as const,
];

const PLAN: PlanReport = {
  added: 2,
  updated: 9,
  removed: 1,
  changedDevices: 12,
  devices: 340,
  rows: [
    { deployment: "web", updated: 9, added: 0, removed: 0 },
    { deployment: "db", updated: 0, added: 2, removed: 1 },
  ],
  changes: [
    { action: "remove", deployment: "db" as DeploymentName, devices: ["kiosk-0003"] as DeviceId[], fields: [] },
    changeOf("web", "r.example/web:2"),
  ],
  selectors: [
    { deployment: "nobody", matches: "nothing", devices: 340 },
    { deployment: "web", matches: "everything", devices: 340 },
  ],
  held: "this would remove 200 of 340 keys: more than 30 % and more than 10 keys",
  warnings: ["device kiosk-0009 is paused: it is left out"],
  baseInvalid: false,
};
const NO_CHANGE: PlanReport = {
  ...PLAN,
  added: 0,
  updated: 0,
  removed: 0,
  changedDevices: 0,
  rows: [],
  changes: [],
  selectors: [],
  held: null,
  warnings: [],
};

function changeOf(deployment: string, image: string): DistinctChange {
  const devices = Array.from({ length: 9 }, (_, index) => `kiosk-000${index}` as DeviceId);
  const fields = [
    { path: "services[web].image", before: '"r.example/web:1"', after: JSON.stringify(image) },
    { path: "services[web].env[TOKEN].value", before: "(hidden)", after: "(hidden, changed)" },
  ];
  return { action: "update", deployment: deployment as DeploymentName, devices, fields };
}

function judgementOf(problems: readonly Problem[], commit = HEAD): CommitJudgement {
  return { commit, problems, problemsTotal: problems.length, deployments: 3, devices: 340 };
}

function pullOf(parts: Partial<PullJudgement>): PullJudgement {
  const merge = { kind: "judged", judgement: judgementOf([], MERGE) } as const;
  return { pull: 12, head: HEAD, mergeBase: BASE, baseTip: BASE, own: judgementOf([]), merge, plan: null, ...parts };
}

function commentOf(judgement: PullJudgement, rollout: { commit: string; progress: Progress } | null = null): string {
  return pullComment({
    marker: commentMarker("main", ""),
    branch: "main",
    judgement,
    rollout,
    links: LINKS,
    folder: "",
  });
}

function progresses(): Record<string, Progress> {
  const counts: RolloutCounts = {
    total: 12,
    done: 12,
    failed: 0,
    pending: 0,
    offline: 0,
    superseded: 0,
    unverified: 0,
  };
  const failed = [{ device: "kiosk-0044", deployment: "web", error: EVIL }];
  return {
    waiting: { kind: "waiting" },
    refused: { kind: "refused", message: "2 problems; the first: deployments/web.yaml:7:5", problems: 2 },
    held: { kind: "held", message: "this would remove 200 of 340 keys", removes: 200, of: 340 },
    rolling: { kind: "rolling", counts: { ...counts, done: 7, failed: 1, pending: 3, offline: 1 }, failed, by: null },
    done: { kind: "done", counts: { ...counts, done: 11, offline: 1, unverified: 2 }, failed: [], by: null },
    failed: { kind: "failed", counts: { ...counts, done: 11, failed: 1 }, failed, by: null },
    superseded: { kind: "superseded", counts: { ...counts, done: 7, superseded: 5 }, failed: [], by: LATER },
  };
}

function factsOf(record: Partial<ReconcilerRecord>): FleetFacts {
  const counts = { matched: 100, succeeded: 97, failed: 1, pending: 2, offline: 1, paused: 0, unverified: 3 };
  return {
    record: {
      fleet: "shop-floor",
      branch: "main",
      head: HEAD,
      applied: HEAD,
      applying: null,
      applied_at: "2026-04-22T17:42:42Z",
      refused: null,
      desired_keys: 100,
      ...record,
    },
    devices: { devices: 60, offline: 1, paused: 2 },
    totals: { ...counts, deployments: 2 },
  };
}

function refusal(reason: "invalid" | "held"): NonNullable<ReconcilerRecord["refused"]> {
  const message = reason === "held" ? "this would remove 80 of 100 keys" : `2 problems; the first: ${EVIL}`;
  return { commit: LATER, reason, message, problems: 2, removes: 80, of: 100 };
}

function aggregateOf(failed: number): Aggregate {
  const last = { device_id: "kiosk-0044" as DeviceId, message: EVIL, at: "2026-04-22T17:42:42Z" };
  const counts = { succeeded: 97, failed, pending: 1, offline: 1, paused: 0, unverified: 0 };
  return { matched: 98 + failed, ...counts, last_error: failed > 0 ? last : null };
}

const FAILING = { name: WEB, aggregate: aggregateOf(2), path: "status/deployments/web.yaml" };

const SHOWN: ShownDeployments = {
  lines: [{ name: "db" as DeploymentName, aggregate: aggregateOf(0), path: "status/deployments/db.yaml" }, FAILING],
  failing: [FAILING],
  failingTotal: 1,
};

function shardOfWeb(): string {
  return deploymentPath(WEB, 257).split("/")[2] ?? "";
}

/** Markdown without its code spans and blocks. */
function withoutCode(text: string): string {
  return text.replaceAll(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "").replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, "");
}
