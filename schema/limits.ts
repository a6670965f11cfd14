/** The limits of what people write, by name. */

/** A file under deployments/ or devices/, and fleet.yaml. */
export const FILE_MAX_BYTES = 1_024 * 1_024;
/** The desired-state value of one deployment on one device, after placeholders are replaced. */
export const VALUE_MAX_BYTES = 64 * 1_024;
/** The `files` of one service together. */
export const FILES_MAX_BYTES = 64 * 1_024;
/** How deep collections may nest in a document. */
export const YAML_DEPTH_MAX = 64;
/** How much the aliases of one document may repeat: its characters, and a hundred for each value. */
export const ALIAS_WEIGHT_MAX = 1_000_000;
/** How many problems are shown for one file. */
export const FILE_PROBLEMS_MAX = 1_000;
