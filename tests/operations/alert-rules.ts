/** The rules of deploy/prometheus/alerts.yaml as data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "#tests/repository/files.ts";

export const RULES_FILE = join(repositoryRoot, "deploy/prometheus/alerts.yaml");

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** All rules, in the order of the file. */
export function alertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(RULES_FILE, "utf8")) as { groups: readonly { rules: readonly AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}
