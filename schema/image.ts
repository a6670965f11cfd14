/** Image references, as they stand in a score. */

/** The parts of an image reference that names its registry. */
export interface ImageReference {
  /** Host and optional port. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:` and hex. */
  readonly digest: string | null;
}
/** The reference that `text` is, or null where it is none. It names its registry, and has a tag, a digest or both. */
export declare function parseImage(text: string): ImageReference | null;
