/** The pages that people open: a repository's pull requests, and one pull request with its statuses and comments. */
import type { ServerResponse } from "node:http";
import { escaped, markdownToHtml } from "./markdown.ts";
import type { Model } from "./routing.ts";
import { timestamp } from "./timestamp.ts";
import { latestStatuses, type PullRequest, type Repository } from "./world.ts";

const STYLE =
  "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}" +
  "pre{white-space:pre-wrap;background:#8881;padding:1rem;border-radius:6px}li{margin:.3rem 0}" +
  ".body{border:1px solid #8884;border-radius:6px;padding:.5rem 1rem}table{border-collapse:collapse}" +
  "td,th{border:1px solid #8884;padding:.2rem .6rem;text-align:left}:root{color-scheme:light dark}";

/** Writes the page of an address, or 404. */
export async function webPage(model: Model, url: URL, response: ServerResponse): Promise<void> {
  const html = pageAt(model, url.pathname);
  const found = html !== null;
  response.writeHead(found ? 200 : 404, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(html ?? page("Not found", "<p>This model of GitHub shows repositories and pull requests alone.</p>"));
}

function pageAt({ world }: Model, path: string): string | null {
  const [, name = "", number] = /^\/([^/]+\/[^/]+)(?:\/pull\/(\d+)|\/pulls)?\/?$/.exec(path) ?? [];
  const repository = world.repositories.get(name.toLowerCase());
  if (repository === undefined) return null;
  if (number === undefined) return repositoryPage(repository);
  const pull = repository.pulls.get(Number(number));
  return pull === undefined ? null : pullPage(repository, pull);
}

function repositoryPage(repository: Repository): string {
  const items = [...repository.pulls.values()].toReversed().map(({ number, title, state, mergedAtMs }) => {
    const how = mergedAtMs === null ? state : "merged";
    return `<li><a href="/${escaped(repository.fullName)}/pull/${number}">#${number} ${escaped(title)}</a> · ${how}</li>`;
  });
  return page(repository.fullName, `<h2>Pull requests</h2><ul>${items.join("")}</ul>`);
}

function pullPage(repository: Repository, pull: PullRequest): string {
  const how = pull.mergedAtMs === null ? pull.state : "merged";
  const shas = pull.mergedAtMs === null ? [pull.headSha] : [pull.headSha, pull.mergeCommitSha ?? pull.headSha];
  const statuses = [...new Set(shas)]
    .flatMap((sha) => latestStatuses(repository, sha))
    .map(
      ({ context, state, description, sha }) =>
        `<li><code>${sha.slice(0, 7)}</code> <b>${escaped(context)}</b> ${state}: ${escaped(description ?? "")}</li>`,
    );
  const comments = [...repository.comments.values()]
    .filter(({ pullNumber }) => pullNumber === pull.number)
    .map(
      ({ id, author, body, updatedAtMs }) =>
        `<h3 id="issuecomment-${id}">${escaped(author.login)} · ${timestamp(updatedAtMs)}</h3><div class="body">${markdownToHtml(body)}</div>`,
    );
  const title = `#${pull.number} ${pull.title}`;
  const where = `<p>${how} · ${escaped(pull.headRef)} into ${escaped(pull.baseRef)}</p><div class="body">${markdownToHtml(pull.body ?? "")}</div>`;
  return page(title, `${where}<h2>Statuses</h2><ul>${statuses.join("")}</ul><h2>Comments</h2>${comments.join("")}`);
}

function page(title: string, body: string): string {
  const head = `<meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body><h1>${escaped(title)}</h1>${body}</body></html>`;
}
