/** An account, and the App, as GitHub writes them. */
import { nodeId, timestamp } from "../timestamp.ts";
import type { Account, App, World } from "../world.ts";

/** `simple-user`. */
export function accountView(world: World, account: Account): Record<string, unknown> {
  const url = `${world.apiUrl}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("User", account.id),
    avatar_url: `${world.webUrl}/avatars/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.webUrl}/${encodeURIComponent(account.login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** `public-user`: what a fine-grained token reads about its owner. */
export function publicUserView(world: World, account: Account): Record<string, unknown> {
  const since = timestamp(0);
  return {
    ...accountView(world, account),
    name: account.login,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: since,
    updated_at: since,
  };
}

/** `integration`. */
export function appView(world: World, app: App): Record<string, unknown> {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId("App", app.id),
    owner: accountView(world, app.owner),
    name: app.slug,
    description: null,
    external_url: `${world.webUrl}/${app.slug}`,
    html_url: `${world.webUrl}/apps/${app.slug}`,
    created_at: timestamp(app.createdAtMs),
    updated_at: timestamp(app.createdAtMs),
    permissions: app.permissions,
    events: ["pull_request", "push"],
  };
}

/** `installation`. */
export function installationView(world: World, app: App): Record<string, unknown> {
  const at = timestamp(app.createdAtMs);
  return {
    id: app.installationId,
    account: accountView(world, app.owner),
    repository_selection: "all",
    access_tokens_url: `${world.apiUrl}/app/installations/${app.installationId}/access_tokens`,
    repositories_url: `${world.apiUrl}/installation/repositories`,
    html_url: `${world.webUrl}/organizations/${app.owner.login}/settings/installations/${app.installationId}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: app.owner.id,
    target_type: app.owner.type,
    permissions: app.permissions,
    events: ["pull_request", "push"],
    created_at: at,
    updated_at: at,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  };
}
