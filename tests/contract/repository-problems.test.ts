/** The promises of the repository format, one by one: which problem, with which code, at which place. */
import { describe, expect, test } from "vitest";
import { FleetReader } from "#fleet/read.ts";
import { readFiles as read } from "./fleet-of.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";
const DEVICE = `${HEAD}kind: Device\nmetadata: {name: kiosk-0001, labels: {role: kiosk}}\n`;

/** A Deployment whose service list is given as flow YAML, so that columns are easy to read off. */
function deployment(services: string, name = "web"): string {
  return `${HEAD}kind: Deployment
metadata: {name: ${name}}
spec:
  targetSelector: {}
  score:
    type: PodmanV0
    data:
      services:
${services.replaceAll(/^/gm, "        ")}
`;
}

const WEB = deployment('- {name: web, image: "docker.io/library/nginx:1.27"}');

/** `file:line:column code` of each problem, in the order reported. */
function problems(files: Record<string, string | Uint8Array>): string[] {
  return read(files).problems.map((problem) => `${problem.file}:${problem.line}:${problem.column} ${problem.code}`);
}

/** The problems of one deployment file beside one good device. */
function inDeployment(text: string): string[] {
  return problems({ "deployments/web.yaml": text, "devices/k.yaml": DEVICE }).map((line) =>
    line.replace("deployments/web.yaml:", ""),
  );
}

/** The problems of a deployment whose first service has this extra line below `image`. */
function inService(extra: string): string[] {
  return inDeployment(deployment(`- name: web\n  image: registry.example/web:1\n${extra.replaceAll(/^/gm, "  ")}`));
}

describe("a good repository", () => {
  test("has no problems and counts its objects", () => {
    const reading = read({ "deployments/web.yaml": WEB, "devices/k.yml": DEVICE, "README.md": "# hello" });
    expect(reading.problems).toEqual([]);
    expect({ deployments: reading.deployments, devices: reading.devices }).toEqual({ deployments: 1, devices: 1 });
  });

  test("may hold many documents in a file, and empty ones are ignored", () => {
    const text = `---\n${DEVICE}---\n---\n# nothing\n---\n${DEVICE.replace("kiosk-0001", "kiosk-0002")}`;
    expect(read({ "devices/all.yaml": text }).devices).toBe(2);
    expect(problems({ "devices/all.yaml": text })).toEqual([]);
  });

  test("ignores other files and folders", () => {
    expect(
      problems({ "status/x.yaml": "{", "deployments/README.md": "{", "other.yaml": "{", "devices/k.yaml": DEVICE }),
    ).toEqual([]);
  });

  test("may use anchors and aliases within a document", () => {
    expect(
      inDeployment(WEB.replace("targetSelector: {}", "targetSelector: &all {}\n  rollout: {strategy: Immediate}")),
    ).toEqual([]);
  });

  test("may have line ends of Windows and a byte order mark", () => {
    expect(inDeployment(WEB.replaceAll("\n", "\r\n"))).toEqual([]);
    expect(inDeployment(`\ufeff${WEB}`)).toEqual([]);
  });
});

describe("what is not YAML as the contract wants it", () => {
  test.each([
    ["a syntax error", `${HEAD}kind: [\n`, "yaml-syntax"],
    ["a directive", `%YAML 1.2\n---\n${WEB}`, "yaml-syntax"],
    ["a tag beyond core", WEB.replace("name: web}", "name: !thing web}"), "yaml-syntax"],
    ["an undefined alias", WEB.replace("{name: web}", "{name: *nobody}"), "yaml-syntax"],
  ])("%s is %3$s", (_what, text, code) => {
    expect(inDeployment(text).map((line) => line.split(" ")[1])).toContain(code);
    expect(inDeployment(text).length).toBeGreaterThan(0);
  });

  test("a duplicate key stands at the second one", () => {
    expect(inDeployment(WEB.replace("metadata: {name: web}", "metadata:\n  name: web\n  name: web2"))).toEqual([
      "5:3 duplicate-key",
    ]);
  });

  test.each([
    ["a merge key", "labels: {<<: {a: b}}"],
    ["a key that is no string", "labels: {1: b}"],
    ["a value that is not a number", "annotations: {a: .nan}"],
    ["an infinite value", "annotations: {a: .inf}"],
    ["an integer beyond 2^53", "annotations: {a: 9007199254740993}"],
    ["null where a value is expected", "labels:"],
  ])("%s is an error", (_what, line) => {
    expect(inDeployment(WEB.replace("metadata: {name: web}", `metadata:\n  name: web\n  ${line}`))).toHaveLength(1);
  });

  test.each(
    WEB.trimEnd()
      .split("\n")
      .map((line, index) => ({ line, index })),
  )("a merge key after `$line` is answered, never a crash", ({ line, index }) => {
    const indent = /^[ -]*/.exec(line)?.[0].replaceAll("-", " ") ?? "";
    const lines = WEB.trimEnd().split("\n");
    const found = inDeployment(
      [...lines.slice(0, index + 1), `${indent}<<: {x: y}`, ...lines.slice(index + 1)].join("\n"),
    );
    expect(found.map((problem) => problem.split(" ")[1])).toContain("yaml-syntax");
  });

  test("bytes that are not UTF-8 are one problem at 1:1", () => {
    expect(problems({ "devices/k.yaml": new Uint8Array([0x61, 0xff, 0xfe]) })).toEqual(["devices/k.yaml:1:1 not-utf8"]);
    const utf16 = new Uint8Array(Buffer.from(`\ufeff${DEVICE}`, "utf16le"));
    expect(problems({ "devices/k.yaml": utf16 })).toEqual(["devices/k.yaml:1:1 not-utf8"]);
  });

  test("a file over 1 MiB is one problem at 1:1, one of 1 MiB is read", () => {
    const filler = (bytes: number) => `${DEVICE}#${"x".repeat(bytes - DEVICE.length - 1)}`;
    expect(problems({ "devices/k.yaml": filler(1024 * 1024 + 1) })).toEqual(["devices/k.yaml:1:1 file-too-large"]);
    expect(problems({ "devices/k.yaml": filler(1024 * 1024) })).toEqual([]);
  });

  test("links and submodules below deployments or devices are not files", () => {
    const entries = [
      { path: "deployments/a", kind: "symlink" as const, id: "1", sizeBytes: null },
      { path: "devices", kind: "symlink" as const, id: "3", sizeBytes: null },
      { path: "devices/sub", kind: "submodule" as const, id: "2", sizeBytes: null },
    ];
    const found = new FleetReader().read({ entries, content: () => undefined }).problems;
    expect(found.map((p) => `${p.file}:${p.line}:${p.column} ${p.code}`)).toEqual([
      "deployments/a:1:1 not-a-file",
      "devices:1:1 not-a-file",
      "devices/sub:1:1 not-a-file",
    ]);
  });
});

describe("hostile input", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${"bcdefghijk"
    .split("")
    .map((c, i) => `${c}: &${c} [${`*${"abcdefghij"[i]},`.repeat(10)}]`)
    .join("\n")}\n`;
  const cases: Record<string, string> = {
    "an alias bomb": bomb,
    "a map of fifteen thousand keys": Array.from({ length: 15_000 }, (_, i) => `k${i}: 1`).join("\n"),
    "eight thousand anchors": Array.from({ length: 8_000 }, (_, i) => `k${i}: &a${i} 1`).join("\n"),
    "a hundred thousand brackets": "[".repeat(100_000),
    "deep block nesting": Array.from({ length: 1_500 }, (_, i) => `${" ".repeat(i)}a:`)
      .join("\n")
      .slice(0, 1_000_000),
    "a prototype key": `${HEAD}kind: Device\nmetadata: {name: a, labels: {__proto__: x, constructor: y}}\n__proto__: {polluted: true}\n`,
    "a control character": `${HEAD}kind: Device\nmetadata: {name: "a\u0001b"}\n`,
  };
  test.each(Object.entries(cases))("%s is a clear error, soon", (_name, text) => {
    const startMs = performance.now();
    expect(problems({ "devices/h.yaml": text }).length).toBeGreaterThan(0);
    // The contract gives a second; the bound is generous because machines are shared.
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("documents", () => {
  test("an unknown kind stands at kind", () => {
    expect(inDeployment(WEB.replace("kind: Deployment", "kind: Deploymnt"))).toEqual(["2:7 unknown-kind"]);
  });

  test("a kind in the wrong folder stands at kind", () => {
    expect(problems({ "devices/web.yaml": WEB })).toEqual(["devices/web.yaml:2:7 unknown-kind"]);
    expect(problems({ "deployments/d.yaml": DEVICE })).toEqual(["deployments/d.yaml:2:7 unknown-kind"]);
    expect(problems({ "fleet.yaml": DEVICE })).toEqual(["fleet.yaml:2:7 unknown-kind"]);
  });

  test("a missing field stands at the first key of the mapping that lacks it", () => {
    expect(
      inDeployment(
        "kind: Deployment\nmetadata: {name: web}\nspec: {targetSelector: {}, score: {type: PodmanV0, data: {services: [{name: a, image: 'r.example/a:1'}]}}}\n",
      ),
    ).toEqual(["1:1 missing-field"]);
    expect(inDeployment(WEB.replace("metadata: {name: web}", "metadata: {labels: {a: b}}"))).toEqual([
      "3:12 missing-field",
    ]);
    expect(inDeployment(deployment("- {name: web}"))).toEqual(["10:12 missing-field"]);
  });

  test("an unknown field stands at its key and suggests the nearest name", () => {
    const text = WEB.replace("targetSelector: {}", "targetSelectr: {}\n  paused: false");
    const found = read({ "deployments/web.yaml": text }).problems;
    expect(found[0]).toMatchObject({ line: 5, column: 3, code: "unknown-field" });
    expect(found[0]?.message).toContain("targetSelector");
  });

  test("a value of the wrong type is wrong-type, not invalid", () => {
    expect(inDeployment(WEB.replace("{name: web}", "{name: 12}"))).toEqual(["3:18 wrong-type"]);
    expect(inDeployment(WEB.replace("{name: web}", "web"))).toEqual(["3:11 wrong-type"]);
    expect(inDeployment(WEB.replace("{name: web}", "{name: web, labels: {a: true}}"))).toEqual(["3:35 wrong-type"]);
    expect(inDeployment(WEB.replace("metadata: {name: web}", "metadata:\n  name:"))).toEqual(["4:8 wrong-type"]);
  });

  test("a document that is no mapping is one problem", () => {
    expect(inDeployment("- a\n- b\n")).toEqual(["1:1 wrong-type"]);
    expect(inDeployment("just text\n")).toEqual(["1:1 wrong-type"]);
  });

  test("the wrong apiVersion stands at its value", () => {
    expect(inDeployment(WEB.replace("v1alpha1", "v2"))).toEqual(["1:13 invalid-value"]);
  });

  test.each(["Web", "a.b", "-a", "a-", "a_b", "a".repeat(64), '""'])("%s is no name", (name) => {
    expect(inDeployment(WEB.replace("{name: web}", `{name: ${name}}`))).toEqual(["3:18 invalid-name"]);
  });

  test("a label breaks the rules at its key or its value", () => {
    const device = (labels: string) =>
      problems({ "devices/k.yaml": `${HEAD}kind: Device\nmetadata:\n  name: a\n  labels: {${labels}}\n` });
    expect(device("-a: b")).toEqual(["devices/k.yaml:5:12 invalid-label"]);
    expect(device("a: -b")).toEqual(["devices/k.yaml:5:15 invalid-label"]);
    expect(device("example.com/a: ''")).toEqual([]);
    expect(device("a/b/c: x")).toHaveLength(1);
    expect(device("Example.com/a: x")).toHaveLength(1);
    expect(device(`${"a".repeat(64)}: x`)).toHaveLength(1);
    expect(device(`a: ${"x".repeat(64)}`)).toHaveLength(1);
  });

  test("a second object of one kind and name stands at the later name", () => {
    expect(problems({ "devices/a.yaml": DEVICE, "devices/b.yaml": DEVICE })).toEqual([
      "devices/b.yaml:3:18 duplicate-name",
    ]);
    const selector = `${HEAD}kind: DeviceSelector\nmetadata: {name: kiosk-0001}\nspec: {}\n`;
    expect(problems({ "devices/a.yaml": DEVICE, "devices/s.yaml": selector })).toEqual([]);
  });

  test("all problems are reported in one pass, files in byte order of their path", () => {
    const bad = (name: string) => DEVICE.replace("kiosk-0001", name);
    expect(
      problems({
        "devices/b.yaml": bad("B"),
        "devices/a.yaml": bad("A"),
        "deployments/z.yaml": "{",
        "devices/Z.yaml": bad("Z"),
      }).map((line) => line.split(":")[0]),
    ).toEqual(["deployments/z.yaml", "devices/Z.yaml", "devices/a.yaml", "devices/b.yaml"]);
  });

  test("a snapshot with one error gives no fleet", () => {
    expect(read({ "devices/a.yaml": DEVICE, "devices/b.yaml": "{" }).fleet).toBeNull();
  });
});

describe("selectors", () => {
  const withSpec = (lines: string) => inDeployment(WEB.replace("  targetSelector: {}\n", lines));
  test("both or neither is invalid-selector at spec", () => {
    expect(withSpec("")).toEqual(["5:3 invalid-selector"]);
    expect(withSpec("  targetSelector: {}\n  selectorRef: x\n")).toContain("5:3 invalid-selector");
  });

  test.each([
    ["an unknown operator", "{key: a, operator: Like, values: [b]}"],
    ["In without values", "{key: a, operator: In}"],
    ["NotIn with no values", "{key: a, operator: NotIn, values: []}"],
    ["Exists with values", "{key: a, operator: Exists, values: [b]}"],
    ["DoesNotExist with values", "{key: a, operator: DoesNotExist, values: [b]}"],
  ])("%s is invalid-selector at that expression", (_what, expression) => {
    const found = withSpec(`  targetSelector:\n    matchExpressions:\n      - ${expression}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^7:\d+ invalid-selector$/);
  });

  test("a selector that no document has is unknown-selector at the reference", () => {
    expect(withSpec("  selectorRef: nobody\n")).toEqual(["5:16 unknown-selector"]);
  });
});

describe("services", () => {
  test("at least one", () => {
    expect(inDeployment(WEB.replace(/services:\n.*\n/, "services: []\n"))).toEqual(["9:17 invalid-value"]);
  });

  test("a second service of one name stands at the later name", () => {
    const two = deployment("- {name: web, image: r.example/a:1}\n- {name: web, image: r.example/b:1}");
    expect(inDeployment(two)).toEqual(["11:18 duplicate-service"]);
  });

  test.each([
    "nginx",
    "nginx:1.27",
    "library/nginx:1",
    "docker.io/library/nginx",
    "docker.io/Library/nginx:1",
    "docker.io/library/nginx:",
    "docker.io/library/nginx@sha256:12",
    "https://docker.io/library/nginx:1",
    "docker.io/library/nginx:1 ",
  ])("%j is no image", (image) => {
    expect(inDeployment(deployment(`- {name: web, image: "${image}"}`)).map((line) => line.split(" ")[1])).toEqual([
      "invalid-image",
    ]);
  });

  test.each([
    "docker.io/library/nginx:1.27",
    "localhost/web:1",
    "localhost:5000/web:1",
    "127.0.0.1:15000/web:1",
    `r.example/a@sha256:${"0".repeat(64)}`,
    `r.example/a/b/c:1@sha256:${"a".repeat(64)}`,
  ])("%j is an image", (image) => {
    expect(inDeployment(deployment(`- {name: web, image: "${image}"}`))).toEqual([]);
  });

  test.each([
    "80",
    "80:",
    ":80",
    "0:80",
    "80:65536",
    "80-81:80",
    "a:80",
    "80:80/sctp",
    "::1:80:80",
    "1.2.3:80:80",
    "300.1.1.1:80:80",
    "80:80/TCP",
    "080:80 ",
    "1:2:3:4",
  ])("%j is no port", (port) => {
    expect(inService(`ports: ["${port}"]`)).toEqual(["12:19 invalid-port"]);
  });

  test.each([
    "80:80",
    "1:65535",
    "53:53/udp",
    "127.0.0.1:80:8080/tcp",
    "[::1]:80:80",
    "[::]:443:443",
    "0.0.0.0:8080:80",
  ])("%j is a port", (port) => {
    expect(inService(`ports: ["${port}"]`)).toEqual([]);
  });

  test.each([
    ["env: [{name: A}]"],
    ["env: [{name: A, value: x, file: /y}]"],
    ["env: [{name: A, file: relative}]"],
    ["env: [{name: '', value: x}]"],
    ["env: [{name: 'A=B', value: x}]"],
    ["volumes: [{source: data, target: data}]"],
    ["volumes: [{source: ../data, target: /data}]"],
    ["files: [{path: etc/app, content: x}]"],
    ["files: [{path: /etc/app, content: x, mode: '999'}]"],
    [`files: [{path: /etc/app, content: ${"x".repeat(65_537)}}]`],
    ["network: bridge"],
    ["restart_policy: sometimes"],
    ["stop_grace_seconds: -1"],
    ["tmpfs: [tmp]"],
    ["devices: [ttyUSB0]"],
    ["health: {command: []}"],
    ["resources: {memory_bytes: 0}"],
    ["resources: {cpus: -1}"],
  ])("%s is one problem", (line) => {
    expect(inService(line)).toHaveLength(1);
  });

  test("null, a number or a mapping where a list or text is expected is wrong-type", () => {
    expect(inService("ports: 80")).toEqual(["12:18 wrong-type"]);
    expect(inService("ports: [80]")).toEqual(["12:19 wrong-type"]);
    expect(inService("command: nginx")).toEqual(["12:20 wrong-type"]);
    expect(inService("privileged: 'yes'")).toEqual(["12:23 wrong-type"]);
    expect(inService("env: [{name: A, value: 1}]")).toEqual(["12:34 wrong-type"]);
  });

  test("an unknown rollout strategy is invalid, an unknown score type too", () => {
    expect(inDeployment(`${WEB}  rollout: {strategy: Canary}\n`)).toHaveLength(1);
    expect(inDeployment(WEB.replace("PodmanV0", "PodmanV9"))).toHaveLength(1);
  });
});

describe("what lands on one device", () => {
  test("two services that publish one host port are a conflict", () => {
    const a = deployment('- {name: a, image: r.example/a:1, ports: ["8080:80"]}', "a");
    const b = deployment('- {name: b, image: r.example/b:1, ports: ["0.0.0.0:8080:81"]}', "b");
    const found = read({ "deployments/a.yaml": a, "deployments/b.yaml": b, "devices/k.yaml": DEVICE }).problems;
    expect(found.map((p) => p.code)).toEqual(["port-conflict"]);
    expect(found[0]?.message).toContain("kiosk-0001");
  });

  test.each([
    ["another protocol", "8080:80/udp", "8080:80/tcp"],
    ["another address", "127.0.0.1:8080:80", "127.0.0.2:8080:80"],
    ["another host port", "8080:80", "8081:80"],
  ])("%s is no conflict", (_what, one, other) => {
    const text = deployment(
      `- {name: a, image: r.example/a:1, ports: ["${one}"]}\n- {name: b, image: r.example/b:1, ports: ["${other}"]}`,
    );
    expect(inDeployment(text)).toEqual([]);
  });

  test.each([
    ["[::]:8080:80", "127.0.0.1:8080:80"],
    ["8080:80", "[::1]:8080:80"],
    ["127.0.0.1:8080:80", "127.0.0.1:8080:81/tcp"],
  ])("%s and %s conflict", (one, other) => {
    const text = deployment(
      `- {name: a, image: r.example/a:1, ports: ["${one}"]}\n- {name: b, image: r.example/b:1, ports: ["${other}"]}`,
    );
    expect(inDeployment(text).map((line) => line.split(" ")[1])).toEqual(["port-conflict"]);
  });

  test("a conflict needs a device that both match", () => {
    const a = deployment('- {name: a, image: r.example/a:1, ports: ["8080:80"]}', "a").replace(
      "{}",
      "{matchLabels: {role: kiosk}}",
    );
    const b = deployment('- {name: b, image: r.example/b:1, ports: ["8080:80"]}', "b").replace(
      "{}",
      "{matchLabels: {role: gate}}",
    );
    expect(problems({ "deployments/a.yaml": a, "deployments/b.yaml": b, "devices/k.yaml": DEVICE })).toEqual([]);
  });
});

describe("values for each device", () => {
  const value = (text: string) => inService(`env: [{name: A, value: '${text}'}]`);
  test.each([
    "${device.id}",
    "${device.labels.role}",
    "${device.labels.none:-x}",
    "$${device.labels.none}",
    "$",
    "a$b",
    "$$",
    "${device.labels.none:-}",
  ])("%j is fine", (text) => {
    expect(value(text)).toEqual([]);
  });

  test("a label that a matched device lacks is missing-label, naming the device", () => {
    expect(value("${device.labels.none}")).toEqual(["12:34 missing-label"]);
    const text = deployment("- {name: web, image: 'r.example/web:${device.labels.none}'}");
    const found = read({ "deployments/web.yaml": text, "devices/k.yaml": DEVICE }).problems;
    expect(found.map((p) => p.code)).toEqual(["missing-label"]);
    expect(found[0]?.message).toContain("kiosk-0001");
  });

  test.each(["${", "${device.id", "${device.name}", "${HOME}", "${device.labels.}"])("%j is invalid-value", (text) => {
    expect(value(text)).toEqual(["12:34 invalid-value"]);
  });

  test("texts with a placeholder are checked after replacement", () => {
    expect(
      inDeployment(deployment('- {name: web, image: "r.example/web:1", ports: ["${device.labels.role}:80"]}')),
    ).toEqual(["10:57 invalid-port"]);
    expect(inDeployment(deployment('- {name: web, image: "r.example/web:${device.labels.role}"}'))).toEqual([]);
  });

  test("a rendered value over 64 KiB is too large", () => {
    const found = inService(`command: ["${"x".repeat(70_000)}"]`);
    expect(found.map((line) => line.split(" ")[1])).toEqual(["value-too-large"]);
  });
});

describe("fleet.yaml", () => {
  const fleet = (spec: string) =>
    problems({ "fleet.yaml": `${HEAD}kind: Fleet\nmetadata: {name: shop}\nspec:\n  ${spec}\n` });
  test.each([
    "paused: true",
    "devices: {admission: reported, reportedLabels: [site]}",
    "devices: {offlineAfter: 5m}",
    "prune: {maxPercent: 30, minKeys: 10}",
    "status: {branch: s, interval: 60s}",
    "wire: {scoreTag: external}",
  ])("%s is fine", (spec) => {
    expect(fleet(spec)).toEqual([]);
  });

  test.each([
    "devices: {admission: all}",
    "devices: {offlineAfter: soon}",
    "devices: {offlineAfter: 90}",
    "prune: {maxPercent: 101}",
    "prune: {maxPercent: -1}",
    "prune: {minKeys: 1.5}",
    "status: {interval: 1h60}",
    "wire: {scoreTag: none}",
    "colour: red",
  ])("%s is one problem", (spec) => {
    expect(fleet(spec)).toHaveLength(1);
  });
});
