/** The repository itself, its branches and refs. */
import { notFound } from "../api-error.ts";
import { listOf, type Answer, type RepositoryCall, type Route } from "../routing.ts";
import { nodeId } from "../timestamp.ts";
import { commitView } from "../views/commit-view.ts";
import { fullRepositoryView, repositoryUrl, repositoryWebUrl } from "../views/repository-view.ts";

const readsMetadata = { anyOf: ["metadata"], level: "read" } as const;
const readsContents = { anyOf: ["contents"], level: "read" } as const;

export const repositoryRoutes: readonly Route[] = [
  { scope: "repository", operation: "GET /repos/{owner}/{repo}", needs: readsMetadata, perform: repository },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/branches", needs: readsContents, perform: branches },
  {
    scope: "repository",
    operation: "GET /repos/{owner}/{repo}/branches/{branch}",
    needs: readsContents,
    perform: branch,
  },
  { scope: "repository", operation: "GET /repos/{owner}/{repo}/git/ref/{ref}", needs: readsContents, perform: ref },
  {
    scope: "repository",
    operation: "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
    needs: readsContents,
    perform: matchingRefs,
  },
];

async function repository(call: RepositoryCall): Promise<Answer> {
  return { status: 200, body: fullRepositoryView(call.world, call.repository) };
}

async function branches({ world, repository: repo, query }: RepositoryCall): Promise<Answer> {
  const heads = await repo.git.refs("refs/heads/");
  const all = [...heads].map(([name, sha]) => {
    const short = name.slice("refs/heads/".length);
    const url = `${repositoryUrl(world, repo)}/commits/${sha}`;
    return { name: short, commit: { sha, url }, protected: repo.requiredContexts.has(short) };
  });
  const asked = query.get("protected");
  return listOf(all.filter((entry) => asked === null || String(entry.protected) === asked));
}

async function branch({ world, repository: repo, params }: RepositoryCall): Promise<Answer> {
  const name = params["branch"] ?? "";
  const sha = (await repo.git.refs("refs/heads/")).get(`refs/heads/${name}`);
  if (sha === undefined) throw notFound();
  const url = `${repositoryUrl(world, repo)}/branches/${encodeURIComponent(name)}`;
  const contexts = repo.requiredContexts.get(name);
  const checks = {
    enforcement_level: contexts === undefined ? "off" : "everyone",
    contexts: contexts ?? [],
    checks: [],
  };
  const body = {
    name,
    commit: commitView(world, repo, await repo.git.commit(sha)),
    _links: { self: url, html: `${repositoryWebUrl(world, repo)}/tree/${name}` },
    protected: contexts !== undefined,
    protection: { enabled: contexts !== undefined, required_status_checks: checks },
    protection_url: `${url}/protection`,
  };
  return { status: 200, body };
}

async function ref(call: RepositoryCall): Promise<Answer> {
  const name = `refs/${call.params["ref"] ?? ""}`;
  const sha = (await call.repository.git.refs(name)).get(name);
  if (sha === undefined) throw notFound();
  return { status: 200, body: refView(call, name, sha) };
}

async function matchingRefs(call: RepositoryCall): Promise<Answer> {
  const prefix = `refs/${call.params["ref"] ?? ""}`;
  const found = [...(await call.repository.git.refs())].filter(([name]) => name.startsWith(prefix));
  return { status: 200, body: found.map(([name, sha]) => refView(call, name, sha)) };
}

function refView({ world, repository: repo }: RepositoryCall, name: string, sha: string): Record<string, unknown> {
  const git = `${repositoryUrl(world, repo)}/git`;
  const object = { sha, type: "commit", url: `${git}/commits/${sha}` };
  return { ref: name, node_id: nodeId("Ref", name), url: `${git}/${name}`, object };
}
