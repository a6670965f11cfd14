/** GitHub as a forge. */
import type { Forge } from "../forge/forge.ts";
import type { GithubClient } from "./client.ts";
import { githubReader } from "./github-reader.ts";
import { githubWriter } from "./github-writer.ts";

/** The forge behind a client. */
export function githubForge(client: GithubClient): Forge {
  const { owner, repo, apiUrl, identity } = client.options;
  const web = `${webUrlOf(apiUrl)}/${owner}/${repo}`;
  return {
    reader: githubReader(client),
    writer: githubWriter(client),
    links: {
      file: (commit, path, line) =>
        `${web}/blob/${commit}/${path.split("/").map(encodeURIComponent).join("/")}#L${line}`,
      commit: (commit) => `${web}/commit/${commit}`,
    },
    canAnnotate: identity.kind === "app",
  };
}

/** Where people look, by the address of the API: `api.github.com`, or `…/api/v3` of an enterprise server. */
export function webUrlOf(apiUrl: string): string {
  const url = new URL(apiUrl);
  if (url.hostname.startsWith("api.")) return `${url.protocol}//${url.host.slice("api.".length)}`;
  return url.origin;
}
