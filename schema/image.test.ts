import { describe, expect, test } from "vitest";
import { imageFault, parseImage } from "./image.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("image references", () => {
  test("are read into registry, repository, tag and digest", () => {
    expect(parseImage("docker.io/library/nginx:1.27")).toEqual({
      registry: "docker.io",
      repository: "library/nginx",
      tag: "1.27",
      digest: null,
    });
    expect(parseImage(`localhost:5000/web@${DIGEST}`)).toEqual({
      registry: "localhost:5000",
      repository: "web",
      tag: null,
      digest: DIGEST,
    });
    expect(parseImage(`[::1]:5000/a/b:t@${DIGEST}`)).toMatchObject({
      registry: "[::1]:5000",
      tag: "t",
      digest: DIGEST,
    });
  });

  test.each([
    "r.example/a__b:1",
    "r.example/a-b--c:1",
    "r.example/a.b_c:1",
    "127.0.0.1:5000/a:1",
    "localhost/a:latest",
    "R.example/a:1",
    `r.example/a:${"t".repeat(128)}`,
  ])("%s is one", (text) => {
    expect(parseImage(text)).not.toBeNull();
  });

  test.each([
    "",
    "nginx",
    "nginx:1",
    "library/nginx:1",
    "r.example/a",
    "r.example/:1",
    "r.example//a:1",
    "r.example/a/:1",
    "r.example/A:1",
    "r.example/a:",
    "r.example/a:.x",
    "r.example/a..b:1",
    "r.example/a___b:1",
    "r.example/-a:1",
    `r.example/a:${"t".repeat(129)}`,
    "r.example/a@sha256:abc",
    `r.example/a@${DIGEST}@${DIGEST}`,
    "http://r.example/a:1",
    "r.example/a:1 ",
    " r.example/a:1",
    "r.example/a:1\n",
    "r.example:99999/a:1",
    "r.example:0/a:1",
    "r_x.example/a:1",
    "r.example:port/a:1",
    `r.example/${"a".repeat(600)}:1`,
    "/a:1",
    ":5000/a:1",
  ])("%j is none", (text) => {
    expect(parseImage(text)).toBeNull();
    expect(imageFault(text)).not.toBeNull();
  });

  test("without a registry say which one was probably meant", () => {
    expect(imageFault("nginx:1.27")).toContain('"docker.io/library/nginx:1.27"');
    expect(imageFault("grafana/grafana:11")).toContain('"docker.io/grafana/grafana:11"');
  });

  test.each([
    ["nginx", 'did you mean "docker.io/library/nginx"?'],
    ["library/nginx:1", 'did you mean "docker.io/library/nginx:1"?'],
    ["https://r.example/a:1", "without https://"],
    ["Localhost/a:1", "registry/path:tag"],
  ])("%s is told what to write instead", (text, hint) => {
    expect(imageFault(text)).toContain(hint);
  });
});
