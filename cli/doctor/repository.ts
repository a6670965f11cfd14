/** Which fleet repository doctor is asked to look at, and what looks at it. Apart from git, which devices do without. */
import { z } from "zod";
import type { Check } from "./check.ts";

export const repositorySettings = {
  repo: z.string().min(1).optional().meta({ description: "the fleet repository", placeholder: "URL|PATH" }),
  branch: z.string().min(1).default("main").meta({ description: "the branch that is the truth" }),
  gitToken: z
    .string()
    .optional()
    .meta({ description: "token that may read the repository", secret: true, placeholder: "TOKEN" }),
  gitTokenFile: z.string().optional().meta({ description: "file with the token", placeholder: "FILE" }),
  gitCa: z
    .string()
    .optional()
    .meta({ description: "file with certificates (PEM) to trust for git as well", placeholder: "FILE" }),
};

/** As the reconciler is told. */
export type RepositoryOptions = z.output<z.ZodObject<typeof repositorySettings>> & { readonly repo: string };

export type CheckRepository = (options: RepositoryOptions) => Promise<Check>;

/** What was asked for, with what looks at it; null where no repository was named. */
export interface RepositoryToCheck {
  readonly url: string;
  readonly check: () => Promise<Check>;
}

const chosen = z.object(repositorySettings);

/** From the settings of the command. */
export function repositoryToCheck(settings: unknown, check: CheckRepository): RepositoryToCheck | null {
  const { repo, ...rest } = chosen.parse(settings);
  return repo === undefined ? null : { url: repo, check: () => check({ repo, ...rest }) };
}
