/** `gitfleet schema`: the JSON Schema of the documents, for editors. */
import { z } from "zod";
import { UsageError } from "#runtime/errors.ts";
import { DOCUMENT_KINDS, type DocumentKind } from "#schema/documents.ts";
import { jsonSchema } from "#schema/json-schema.ts";
import { nearest } from "#schema/nearest.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "schema",
  summary: "print the JSON Schema of the documents, for editors",
  examples: [
    { line: "gitfleet schema > .gitfleet.schema.json", does: "of any document" },
    { line: "gitfleet schema Deployment", does: "of one kind" },
    {
      line: "# yaml-language-server: $schema=../.gitfleet.schema.json",
      does: "as first line of a YAML file: the editor completes and checks it",
    },
  ],
  arguments: [{ name: "KIND", required: false, description: `${DOCUMENT_KINDS.join(", ")} (default: any of them)` }],
  settings: z.object({}),
  run: async ({ args, io }) => {
    io.out(`${JSON.stringify(jsonSchema(kindOf(args[0])), null, 2)}\n`);
    return 0;
  },
});

function kindOf(text: string | undefined): DocumentKind | undefined {
  if (text === undefined) return undefined;
  const kind = DOCUMENT_KINDS.find((known) => known.toLowerCase() === text.toLowerCase());
  if (kind !== undefined) return kind;
  const meant = nearest(text, DOCUMENT_KINDS);
  const hint = meant === null ? `Kinds are ${DOCUMENT_KINDS.join(", ")}.` : `Did you mean ${meant}?`;
  throw new UsageError(`there is no kind "${text}"`, { hint });
}
