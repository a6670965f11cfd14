/** Writing to GitHub: nothing else in this program can. */
import type { Annotations, ForgeWriter } from "../forge/forge.ts";
import { ForgeError } from "../forge/forge-error.ts";
import type { GithubClient } from "./client.ts";
import { statusOfError } from "./github-errors.ts";
import { ANNOTATIONS_NAME, commentOf } from "./api-shapes.ts";

/** GitHub takes no more in one request. */
const ANNOTATIONS_PER_CALL = 50;

/** Each call is one thing that people can see. */
export function githubWriter(client: GithubClient): ForgeWriter {
  return {
    async setStatus(commit, { context, state, description }) {
      await client.call(`set the status ${context} of ${commit}`, (octokit, repo) =>
        octokit.rest.repos.createCommitStatus({
          ...repo,
          sha: commit,
          state,
          context,
          description,
          ...client.limits(),
        }),
      );
    },
    createComment: (pull, body) =>
      client.call(`comment on #${pull}`, async (octokit, repo) => {
        const { data } = await octokit.rest.issues.createComment({
          ...repo,
          issue_number: pull,
          body,
          ...client.limits(),
        });
        return commentOf(data);
      }),
    editComment: (pull, id, body) =>
      client.call(`edit the comment on #${pull}`, async (octokit, repo) => {
        const { data } = await octokit.rest.issues.updateComment({ ...repo, comment_id: id, body, ...client.limits() });
        return commentOf(data);
      }),
    async deleteComment(pull, id) {
      await client.call(`delete a repeated comment on #${pull}`, async (octokit, repo) => {
        await octokit.rest.issues.deleteComment({ ...repo, comment_id: id, ...client.limits() }).catch(unlessGone);
      });
    },
    annotate: (commit, annotations) => annotate(client, commit, annotations),
  };
}

// Another bot deleted it in the same moment.
function unlessGone(error: unknown): void {
  if (statusOfError(error) !== 404) throw error;
}

// The id comes with the last call: annotations that are not all there are made again.
async function annotate(client: GithubClient, commit: string, annotations: Annotations): Promise<void> {
  if ((await client.account()).appId === null) {
    throw new ForgeError("annotations need a GitHub App", { advice: "person" });
  }
  const all = annotations.lines.map(({ path, line, message }) => ({
    path,
    start_line: line,
    end_line: line,
    annotation_level: "failure" as const,
    message,
  }));
  const batches = [all.slice(0, ANNOTATIONS_PER_CALL)];
  for (let at = ANNOTATIONS_PER_CALL; at < all.length; at += ANNOTATIONS_PER_CALL) {
    batches.push(all.slice(at, at + ANNOTATIONS_PER_CALL));
  }
  const { title, summary, conclusion, id } = annotations;
  await client.call(`annotate ${commit}`, async (octokit, repo) => {
    let run: number | null = null;
    for (const [index, batch] of batches.entries()) {
      const isLast = index === batches.length - 1;
      const common = {
        output: { title, summary, annotations: batch },
        ...(isLast ? { external_id: id } : {}),
        ...client.limits(),
      };
      const done = { status: "completed", conclusion } as const;
      if (run === null) {
        const created = await octokit.rest.checks.create({
          ...repo,
          name: ANNOTATIONS_NAME,
          head_sha: commit,
          ...done,
          ...common,
        });
        run = created.data.id;
      } else await octokit.rest.checks.update({ ...repo, check_run_id: run, ...common });
    }
  });
}
