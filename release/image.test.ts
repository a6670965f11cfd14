/** How the engines are asked for the image; tests/deploy builds it with podman. */
import { expect, test } from "vitest";
import { imageArguments, type Engine } from "./image.ts";

function words(engine: Engine): string[] {
  const made = { root: "/src", revision: "abc", epochS: 1_700_000_000, words: ["--tag", "gitfleet:1"] };
  return imageArguments({ engine, ...made });
}

test("docker is told nothing that only podman knows", () => {
  expect(words("docker").filter((word) => /^--(?:format|timestamp)/.test(word))).toEqual([]);
  expect(words("docker")).toContain("--build-arg=SOURCE_DATE_EPOCH=1700000000");
});

test.each(["podman", "docker"] as const)("%s gets every label, then the own words, then the checkout", (engine) => {
  const given = words(engine);
  expect(given.slice(0, 2)).toEqual(["build", "--file=/src/deploy/container/Containerfile"]);
  expect(given).toEqual(
    expect.arrayContaining(["--build-arg=REVISION=abc", "--build-arg=CREATED=2023-11-14T22:13:20Z"]),
  );
  expect(given.slice(-3)).toEqual(["--tag", "gitfleet:1", "/src"]);
});

test("podman makes an image with a place for a health check, of the commit's time", () => {
  expect(words("podman")).toEqual(expect.arrayContaining(["--format=docker", "--timestamp=1700000000"]));
});
