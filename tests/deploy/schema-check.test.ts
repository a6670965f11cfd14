/** The schema check finds what it is for: a check that lets everything pass would be none. */
import { describe, expect, test } from "vitest";
import { objectsIn, type KubernetesObject } from "./kubectl.ts";
import { schemaProblems } from "./schema-check.ts";

describe("the schema check", () => {
  const deployment = (text: string): KubernetesObject[] =>
    objectsIn(`apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template: { spec: { containers: [{ name: web, ${text} }] } }
`);

  test.each([
    ["a field nobody knows", "imagePulPolicy: Always", /web.*'imagePulPolicy' does not exist/],
    ["a value of a wrong type", "resources: { limits: { cpu: 1 } }", /web.*Type 'number' is not assignable/],
    ["a field that must be there", "ports: [{ name: http }]", /web.*'containerPort' is missing/],
  ])("finds %s", async (_, text, problem) => {
    expect((await schemaProblems(deployment(text))).join("\n")).toMatch(problem);
  });
});
