/** The list of images that the agent pulled, as it is kept on disk. */
import { z } from "zod";

const IMAGES_MAX = 10_000;
const listSchema = z.array(z.object({ id: z.string(), reference: z.string() })).max(IMAGES_MAX);

/** Ids with references; empty where the text is torn: then those images stay until a person removes them. */
export function parsePulledImages(text: string): Map<string, { reference: string; notBeforeMs: number }> {
  try {
    return new Map(listSchema.parse(JSON.parse(text)).map(({ id, reference }) => [id, { reference, notBeforeMs: 0 }]));
  } catch {
    return new Map();
  }
}
