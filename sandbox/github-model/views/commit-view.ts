/** A commit and its changed files as GitHub writes them. */
import type { Commit, FileChange } from "../git-objects.ts";
import { nodeId } from "../timestamp.ts";
import type { Repository, World } from "../world.ts";
import { repositoryUrl, repositoryWebUrl } from "./repository-view.ts";

/** `commit`. Authors are known by address alone: no account is found for them, as for unknown addresses on GitHub. */
export function commitView(world: World, repository: Repository, commit: Commit): Record<string, unknown> {
  const url = `${repositoryUrl(world, repository)}/commits`;
  const git = `${repositoryUrl(world, repository)}/git`;
  const web = `${repositoryWebUrl(world, repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeId("Commit", commit.sha),
    url: `${url}/${commit.sha}`,
    html_url: `${web}/${commit.sha}`,
    comments_url: `${url}/${commit.sha}/comments`,
    commit: {
      url: `${git}/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${git}/trees/${commit.tree}` },
      verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
    },
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/${sha}`, html_url: `${web}/${sha}` })),
  };
}

/** `diff-entry`, without the patch. */
export function fileView(
  world: World,
  repository: Repository,
  sha: string,
  change: FileChange,
): Record<string, unknown> {
  const path = change.path.split("/").map(encodeURIComponent).join("/");
  const web = repositoryWebUrl(world, repository);
  return {
    sha: change.blob,
    filename: change.path,
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${web}/blob/${sha}/${path}`,
    raw_url: `${web}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${sha}`,
    ...(change.previousPath === null ? {} : { previous_filename: change.previousPath }),
  };
}
