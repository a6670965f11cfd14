/** Check runs, which an App alone can write, with their annotations. */
import { z } from "zod";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { bodyOf, listOf, numberParam, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { nodeId, timestamp, timestampOrNull } from "../timestamp.ts";
import { appView } from "../views/account-view.ts";
import { repositoryUrl, repositoryWebUrl } from "../views/repository-view.ts";
import type { Annotation, CheckRun } from "../world.ts";
import { resolvedCommit } from "./commit-routes.ts";

/** In one request; an update adds to those that are there. */
const MOST_ANNOTATIONS = 50;
const LONGEST_TEXT = 65_535;
const LONGEST_ANNOTATION_TITLE = 255;
const LONGEST_ANNOTATION_BYTES = 64 * 1024;

const reads = { anyOf: ["checks"], level: "read" } as const;
const writes = { anyOf: ["checks"], level: "write" } as const;
const ALL = "/repos/{owner}/{repo}/check-runs";
const ONE = "/repos/{owner}/{repo}/check-runs/{check_run_id}";

export const checkRunRoutes: readonly Route[] = [
  { scope: "repository", operation: `POST ${ALL}`, needs: writes, perform: create },
  { scope: "repository", operation: `GET ${ONE}`, needs: reads, perform: read },
  { scope: "repository", operation: `PATCH ${ONE}`, needs: writes, perform: update },
  { scope: "repository", operation: `GET ${ONE}/annotations`, needs: reads, perform: annotations },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", needs: reads, perform: list },
];

const annotation: z.ZodType<Annotation> = z.object({
  path: z.string().min(1),
  start_line: z.int(),
  end_line: z.int(),
  start_column: z.int().optional(),
  end_column: z.int().optional(),
  annotation_level: z.enum(["notice", "warning", "failure"]),
  message: z.string().min(1),
  title: z.string().max(LONGEST_ANNOTATION_TITLE).optional(),
  raw_details: z.string().optional(),
});

const updateRequest = z.object({
  name: z.string().optional(),
  status: z.enum(["queued", "in_progress", "completed"]).optional(),
  conclusion: z
    .enum(["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"])
    .optional(),
  details_url: z.string().optional(),
  external_id: z.string().optional(),
  started_at: z.iso.datetime({ offset: true }).optional(),
  completed_at: z.iso.datetime({ offset: true }).optional(),
  output: z
    .object({
      title: z.string().optional(),
      summary: z.string().max(LONGEST_TEXT),
      text: z.string().max(LONGEST_TEXT).optional(),
      annotations: z.array(annotation).optional(),
    })
    .optional(),
});
const createRequest = updateRequest.extend({ name: z.string().min(1), head_sha: z.string() });
type Update = z.infer<typeof updateRequest>;

async function create(call: RepositoryCall): Promise<Answer> {
  const { world, repository, nowMs } = call;
  const asked = bodyOf(call, createRequest);
  if ((await repository.git.resolve(asked.head_sha)) !== asked.head_sha) {
    throw new ApiError(422, `No commit found for SHA: ${asked.head_sha}`);
  }
  const run: CheckRun = {
    id: world.nextId(),
    headSha: asked.head_sha,
    name: asked.name,
    status: "queued",
    conclusion: null,
    detailsUrl: null,
    externalId: "",
    startedAtMs: nowMs,
    completedAtMs: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
  };
  apply(run, asked, nowMs);
  repository.checkRuns.set(run.id, run);
  return { status: 201, body: view(call, run) };
}

async function update(call: RepositoryCall): Promise<Answer> {
  const run = runOf(call);
  apply(run, bodyOf(call, updateRequest), call.nowMs);
  return { status: 200, body: view(call, run) };
}

async function read(call: RepositoryCall): Promise<Answer> {
  return { status: 200, body: view(call, runOf(call)) };
}

async function annotations(call: RepositoryCall): Promise<Answer> {
  const { world, repository } = call;
  const run = runOf(call);
  const blobs = `${repositoryWebUrl(world, repository)}/blob/${run.headSha}`;
  return listOf(run.annotations.map((entry) => annotationView(entry, blobs)));
}

async function list(call: RepositoryCall): Promise<Answer> {
  const { repository, query } = call;
  const sha = await resolvedCommit(repository, call.params["ref"] ?? "");
  const [name, status] = [query.get("check_name"), query.get("status")];
  const all = [...repository.checkRuns.values()].filter(
    (run) => run.headSha === sha && (name === null || run.name === name) && (status === null || run.status === status),
  );
  // `latest`: the last run of each name.
  const latest = [...new Map(all.map((run) => [run.name, run])).values()];
  const items = (query.get("filter") === "all" ? all : latest).map((run) => view(call, run));
  return { status: 200, list: { items, page: (page) => ({ total_count: items.length, check_runs: page }) } };
}

function apply(run: CheckRun, asked: Update, nowMs: number): void {
  const added = asked.output?.annotations ?? [];
  checkAnnotations(added);
  const isDone = asked.conclusion !== undefined || asked.status === "completed";
  if (isDone && (asked.conclusion ?? run.conclusion) === null) throw invalid("CheckRun", "conclusion", "missing_field");
  run.name = asked.name ?? run.name;
  run.status = isDone ? "completed" : (asked.status ?? run.status);
  run.conclusion = run.status === "completed" ? (asked.conclusion ?? run.conclusion) : null;
  run.detailsUrl = asked.details_url ?? run.detailsUrl;
  run.externalId = asked.external_id ?? run.externalId;
  run.startedAtMs = asked.started_at === undefined ? run.startedAtMs : Date.parse(asked.started_at);
  const completedAtMs = asked.completed_at === undefined ? nowMs : Date.parse(asked.completed_at);
  run.completedAtMs = run.status === "completed" ? completedAtMs : null;
  if (asked.output === undefined) return;
  run.title = asked.output.title ?? run.title;
  run.summary = asked.output.summary;
  run.text = asked.output.text ?? run.text;
  run.annotations.push(...added);
}

function checkAnnotations(added: readonly Annotation[]): void {
  if (added.length > MOST_ANNOTATIONS) {
    throw new ApiError(
      422,
      `Invalid request.\n\nNo more than ${MOST_ANNOTATIONS} items are allowed; ${added.length} were supplied.`,
    );
  }
  for (const entry of added) {
    const spans = entry.start_line !== entry.end_line && (entry.start_column ?? entry.end_column) !== undefined;
    if (spans)
      throw invalid("CheckRun", "annotations", "custom", "start_column and end_column are for a single line only");
    const longest = Math.max(Buffer.byteLength(entry.message), Buffer.byteLength(entry.raw_details ?? ""));
    if (longest > LONGEST_ANNOTATION_BYTES) throw invalid("CheckRun", "annotations", "custom", "message is too long");
  }
}

function runOf(call: RepositoryCall): CheckRun {
  const run = call.repository.checkRuns.get(numberParam(call, "check_run_id"));
  if (run === undefined) throw notFound();
  return run;
}

function annotationView(entry: Annotation, blobs: string): Record<string, unknown> {
  return {
    path: entry.path,
    blob_href: `${blobs}/${entry.path}`,
    start_line: entry.start_line,
    end_line: entry.end_line,
    start_column: entry.start_column ?? null,
    end_column: entry.end_column ?? null,
    annotation_level: entry.annotation_level,
    title: entry.title ?? null,
    message: entry.message,
    raw_details: entry.raw_details ?? null,
  };
}

function view({ world, repository }: RepositoryCall, run: CheckRun): Record<string, unknown> {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId("CheckRun", run.id),
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: `${repositoryWebUrl(world, repository)}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: timestamp(run.startedAtMs),
    completed_at: timestampOrNull(run.completedAtMs),
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: 1 },
    app: world.app === null ? null : appView(world, world.app),
    pull_requests: [],
  };
}
