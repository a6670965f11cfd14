/** What reading from GitHub and writing to it have in common. */
import type { OwnComment } from "../forge/forge.ts";

/** The name of the check run that carries annotations. It is no required check: the status is. */
export const ANNOTATIONS_NAME = "gitfleet problems";

/** A comment as GitHub answers it. */
export interface ApiComment {
  readonly id: number;
  readonly body?: string | undefined;
  readonly updated_at: string;
}

/** A comment as the core sees it. */
export function commentOf({ id, body, updated_at }: ApiComment): OwnComment {
  return { id, body: body ?? "", updatedAtMs: Date.parse(updated_at) };
}
