/** A repository as GitHub writes it: in full, inside a pull request, inside a combined status. */
import { nodeId, timestamp } from "../timestamp.ts";
import type { Repository, World } from "../world.ts";
import { accountView } from "./account-view.ts";

/** What follows the repository's own address in each of its links. */
const LINKS: Readonly<Record<string, string>> = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};

/** The address of a repository in the API. */
export function repositoryUrl(world: World, repository: Repository): string {
  return `${world.apiUrl}/repos/${repository.fullName}`;
}

/** The address of a repository for people. */
export function repositoryWebUrl(world: World, repository: Repository): string {
  return `${world.webUrl}/${repository.fullName}`;
}

/** `minimal-repository`. */
export function minimalRepositoryView(world: World, repository: Repository): Record<string, unknown> {
  const url = repositoryUrl(world, repository);
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: repository.fullName,
    private: repository.isPrivate,
    owner: accountView(world, repository.owner),
    html_url: repositoryWebUrl(world, repository),
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(LINKS).map(([name, path]) => [name, `${url}${path}`])),
  };
}

/** `repository`, as it stands inside pull requests and webhooks. */
export function repositoryView(world: World, repository: Repository): Record<string, unknown> {
  const web = repositoryWebUrl(world, repository);
  const { host } = new URL(world.webUrl);
  const open = [...repository.pulls.values()].filter(({ state }) => state === "open").length;
  return {
    ...minimalRepositoryView(world, repository),
    created_at: timestamp(repository.createdAtMs),
    updated_at: timestamp(repository.pushedAtMs),
    pushed_at: timestamp(repository.pushedAtMs),
    git_url: `git://${host}/${repository.fullName}.git`,
    ssh_url: `git@${host}:${repository.fullName}.git`,
    clone_url: `${web}.git`,
    svn_url: web,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    size: 0,
    default_branch: repository.defaultBranch,
    visibility: repository.isPrivate ? "private" : "public",
    topics: [],
    archived: false,
    disabled: false,
    is_template: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    has_issues: true,
    has_projects: false,
    has_downloads: true,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: open,
    open_issues_count: open,
  };
}

/** `full-repository`. */
export function fullRepositoryView(world: World, repository: Repository): Record<string, unknown> {
  return { ...repositoryView(world, repository), network_count: 0, subscribers_count: 0 };
}
