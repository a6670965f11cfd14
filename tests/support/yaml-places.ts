/** Where every value of a YAML text stands, as lines: by this project's readers, and by the `yaml` package, the authority. */
import { Lines } from "#fleet/lines.ts";
import type { YamlNode } from "#fleet/yaml.ts";
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Node } from "yaml";

/** Every value with its place, as `path line:column value`, in the order of the text. */
export function placesOf(text: string, documents: readonly YamlNode[]): string[] {
  const lines = new Lines(text);
  const walk = (node: YamlNode, path: string): string[] => {
    const { line, column } = lines.at(node.offset);
    if (node.entries !== null) {
      return [
        `${path} ${line}:${column} map`,
        ...node.entries.flatMap(({ key, offset, node: value }) => {
          const at = lines.at(offset);
          return [`${path}.${key} key ${at.line}:${at.column}`, ...walk(value, `${path}.${key}`)];
        }),
      ];
    }
    if (node.items !== null)
      return [`${path} ${line}:${column} list`, ...node.items.flatMap((item, index) => walk(item, `${path}.${index}`))];
    return [`${path} ${line}:${column} ${JSON.stringify(node.value)}`];
  };
  return documents.flatMap((node, index) => walk(node, String(index)));
}

/** The same by the `yaml` package, which the contract's positions are those of. */
export function placesByYaml(text: string): string[] {
  const counter = new LineCounter();
  const place = (node: Node): string => {
    const { line, col } = counter.linePos(node.range?.[0] ?? 0);
    return `${line}:${col}`;
  };
  const walk = (node: Node, path: string): string[] => {
    if (isMap(node)) {
      return [
        `${path} ${place(node)} map`,
        ...node.items.flatMap((pair) => {
          const key = pair.key as Node;
          const name = isScalar(key) ? String(key.value) : "?";
          const value = pair.value as Node;
          return [`${path}.${name} key ${place(key)}`, ...walk(value, `${path}.${name}`)];
        }),
      ];
    }
    if (isSeq(node))
      return [
        `${path} ${place(node)} list`,
        ...node.items.flatMap((item, index) => walk(item as Node, `${path}.${index}`)),
      ];
    return [`${path} ${place(node)} ${JSON.stringify(isScalar(node) ? node.value : null)}`];
  };
  const documents = parseAllDocuments(text, { lineCounter: counter, uniqueKeys: false });
  if (!Array.isArray(documents)) return [];
  return documents
    .filter((one) => one.contents !== null && one.contents.range?.[0] !== one.contents.range?.[1])
    .flatMap((one, index) => walk(one.contents as Node, String(index)));
}
