import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { parseWireScore, taggedScore, unknownTypeText, parseWireScoreText } from "./score.ts";

const SERVICE = { name: "web", image: "docker.io/library/nginx:1.27", ports: ["8080:80"] };
const SCORE = { type: "PodmanV0", data: { services: [SERVICE] } };

describe("a score on the wire", () => {
  test("is read in both ways to tag it", () => {
    expect(parseWireScore(SCORE)).toEqual({ kind: "score", score: SCORE });
    expect(parseWireScore({ PodmanV0: SCORE.data })).toEqual({ kind: "score", score: SCORE });
  });

  test("is written in the way the fleet asks for", () => {
    const one = { type: "PodmanV0", data: { services: [{ name: "a", image: "b" }] } };
    expect(canonicalJson(taggedScore(one, "adjacent"))).toBe(
      '{"data":{"services":[{"image":"b","name":"a"}]},"type":"PodmanV0"}',
    );
    expect(canonicalJson(taggedScore(one, "external"))).toBe('{"PodmanV0":{"services":[{"image":"b","name":"a"}]}}');
  });

  test("loses the fields that this version does not know, and nulls where a field is optional", () => {
    const odd = {
      type: "PodmanV0",
      data: { services: [{ ...SERVICE, colour: "red", user: null, health: { command: ["x"], more: 1 } }], later: [] },
      extra: 1,
    };
    expect(parseWireScore(odd)).toEqual({
      kind: "score",
      score: { type: "PodmanV0", data: { services: [{ ...SERVICE, health: { command: ["x"] } }] } },
    });
  });

  test.each([[{ type: "PodmanV9", data: {} }], [{ PodmanV9: {} }], [{ type: "constructor", data: 1 }]])(
    "%j has a type that is not known",
    (json) => {
      const read = parseWireScore(json);
      expect(read.kind).toBe("unknown-type");
      expect(unknownTypeText("PodmanV9")).toContain('"PodmanV9"');
    },
  );

  test.each([
    [null],
    [[]],
    ["text"],
    [{}],
    [{ type: 5, data: {} }],
    [{ type: "PodmanV0" }],
    [{ a: {}, b: {} }],
    [{ type: "PodmanV0", data: { services: [] } }],
    [{ type: "PodmanV0", data: { services: [{ name: "web" }] } }],
    [{ type: "PodmanV0", data: { services: [{ ...SERVICE, ports: ["x"] }] } }],
    [{ type: "PodmanV0", data: { services: [{ ...SERVICE, env: [{ name: "A" }] }] } }],
  ])("%j is malformed, in one line that says where", (json) => {
    const read = parseWireScore(json);
    if (read.kind !== "malformed") throw new Error(`read as ${read.kind}`);
    expect(read.error).toMatch(/^[^\n]{10,500}$/);
  });

  test("names the field that is wrong", () => {
    const read = parseWireScore({
      type: "PodmanV0",
      data: { services: [{ ...SERVICE, restart_policy: "sometimes" }] },
    });
    expect(read).toMatchObject({ kind: "malformed" });
    expect(read.kind === "malformed" && read.error).toContain("services[0].restart_policy");
  });

  test("is malformed where it is no JSON", () => {
    expect(parseWireScoreText("{").kind).toBe("malformed");
  });
});
