import { describe, expect, test } from "vitest";
import { intentOf } from "./intent.ts";

const service = { name: "web", image: "reg.example/web:1", ports: ["8080:80"], restart_policy: "always" };

function hashOf(value: unknown): string | undefined {
  const intent = intentOf(JSON.stringify(value));
  return intent.kind === "run" ? intent.services[0]?.hash : undefined;
}

describe("the hash of a service", () => {
  const hash = hashOf({ type: "PodmanV0", data: { services: [service] } });

  test("is the same in both taggings, in any order of keys, with fields that nobody knows", () => {
    const turned = Object.fromEntries(Object.entries(service).toReversed());
    expect(hashOf({ PodmanV0: { services: [turned] } })).toBe(hash);
    expect(hashOf({ data: { more: 1, services: [{ ...service, colour: "red", env: null }] }, type: "PodmanV0" })).toBe(
      hash,
    );
  });

  test("never changes between agents: a new one would make every container of every device anew", () => {
    expect(hash).toBe("4f5423a680752dd44edbe5a028ef4ed6f78f437bebce3afafac8efcee0b7bdff");
  });

  test("changes with anything that the container is made of", () => {
    expect(hashOf({ PodmanV0: { services: [{ ...service, ports: ["8081:80"] }] } })).not.toBe(hash);
  });
});
