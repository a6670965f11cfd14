/** How many documents of each kind a file holds. */
import { DOCUMENT_KINDS, type DocumentKind } from "#schema/documents.ts";

export type DocumentCounts = Readonly<Record<DocumentKind, number>>;

export const NO_DOCUMENTS: DocumentCounts = { Deployment: 0, Device: 0, DeviceSelector: 0, Fleet: 0 };
/** Nearly every file holds one document, so that they share these. */
const ONE_DOCUMENT = Object.fromEntries(
  DOCUMENT_KINDS.map((kind) => [kind, { ...NO_DOCUMENTS, [kind]: 1 }]),
) as Readonly<Record<DocumentKind, DocumentCounts>>;

/** With `more` documents of a kind. */
export function counted(counts: DocumentCounts, kind: DocumentKind, more: number): DocumentCounts {
  if (more === 0) return counts;
  return counts === NO_DOCUMENTS && more === 1 ? ONE_DOCUMENT[kind] : { ...counts, [kind]: counts[kind] + more };
}
