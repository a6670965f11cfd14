/** Message headers of `desired-state`: they carry what the value may not. A reader works without them. */
export const HEADER_COMMIT = "Gitfleet-Commit";
export const HEADER_DIGEST = "Gitfleet-Digest";
export const HEADER_FLEET = "Gitfleet-Fleet";
