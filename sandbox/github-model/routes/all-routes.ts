/** Every operation of GitHub that the model knows, in the order in which they are tried. */
import type { Route } from "../routing.ts";
import { accountRoutes } from "./account-routes.ts";
import { checkRunRoutes } from "./check-run-routes.ts";
import { commentRoutes } from "./comment-routes.ts";
import { commitRoutes } from "./commit-routes.ts";
import { pullRequestRoutes } from "./pull-request-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import { statusRoutes } from "./status-routes.ts";

/** Commits last: `commits/{ref}` takes whatever the others leave. */
export const ROUTES: readonly Route[] = [
  ...accountRoutes,
  ...repositoryRoutes,
  ...pullRequestRoutes,
  ...commentRoutes,
  ...statusRoutes,
  ...checkRunRoutes,
  ...commitRoutes,
];
