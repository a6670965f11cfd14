import { array, assert, constantFrom, dictionary, nat, oneof, property, record, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { readFiles } from "#tests/contract/fleet-of.ts";
import { problemLine } from "./validate-text.ts";
import type { DeviceId } from "#schema/names.ts";
import { FleetReader } from "./read.ts";
import { sha256Digest } from "./digest.ts";
import type { Snapshot } from "./snapshot.ts";

const HEAD = "apiVersion: gitfleet.dev/v1alpha1\n";

function device(name: string, labels = "{role: kiosk}", spec = "{}"): string {
  return `${HEAD}kind: Device\nmetadata:\n  name: ${name}\n  labels: ${labels}\nspec: ${spec}\n`;
}

function deployment(name: string, service: string, selector = "targetSelector: {}"): string {
  return `${HEAD}kind: Deployment\nmetadata:\n  name: ${name}\nspec:\n  ${selector}\n  score:\n    type: PodmanV0\n    data:\n      services:\n        - name: web\n          image: r.example/web:1\n${service.replaceAll(/^(?=.)/gm, "          ")}`;
}

function lines(files: Record<string, string | Uint8Array>): string[] {
  return readFiles(files).problems.map(problemLine);
}

function codes(files: Record<string, string | Uint8Array>): string[] {
  return readFiles(files).problems.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

function snapshotOf(files: Readonly<Record<string, string>>): Snapshot {
  const contents = new Map(Object.values(files).map((text) => [sha256Digest(text), new TextEncoder().encode(text)]));
  const entries = Object.entries(files).map(([path, text]) => ({
    path,
    kind: "file" as const,
    id: sha256Digest(text),
    sizeBytes: text.length,
  }));
  return { entries, content: (id) => contents.get(id) };
}

describe("every problem in one pass", () => {
  test("says in one line where it is and what to do", () => {
    const files = {
      "fleet.yaml": `${HEAD}kind: Fleet\nmetadata: {name: shop}\nspec:\n  devices: {admision: declared}\n  prune: {maxPercent: 300}\n`,
      "deployments/api.yaml": deployment(
        "api",
        "ports: ['8080:80']\nimag: x\nenv:\n  - {name: A, value: 1}\n",
        "selectorRef: kiosk",
      ),
      "deployments/web.yaml": `${deployment("web", "ports: ['8080:81', '99999:1']\nenv:\n  - {name: SITE, value: '${device.labels.site}'}\nrestart_policy: allways\n")}---\n${HEAD}kind: Deploiment\nmetadata: {name: x}\nspec: {}\n`,
      "devices/all.yaml": `${device("kiosk-0001")}---\n${device("kiosk-0002")}---\n${device("kiosk-0001")}---\n${device("Kiosk")}`,
      "devices/selectors.yaml": `${HEAD}kind: DeviceSelector\nmetadata: {name: kiosks}\nspec: {matchLabels: {role: kiosk}}\n`,
    };
    expect(lines(files).join("\n")).toMatchInlineSnapshot(`
      "deployments/api.yaml:6:16: unknown-selector: there is no DeviceSelector named "kiosk"; did you mean "kiosks"?
      deployments/api.yaml:14:11: unknown-field: unknown field "imag"; did you mean "image"?
      deployments/api.yaml:16:32: wrong-type: expected text, got the number 1; write it in quotes
      deployments/web.yaml:13:30: invalid-port: "99999:1" is not a port: write "[address:]host:container[/tcp|/udp]" with ports from 1 to 65535, such as "8080:80"
      deployments/web.yaml:15:35: missing-label: the label "site" is missing; add it, or a fallback: \${device.labels.site:-fallback} (on kiosk-0001 and 1 more device)
      deployments/web.yaml:16:27: invalid-value: "allways" is not one of no, on-failure, always, unless-stopped; did you mean "always"?
      deployments/web.yaml:19:7: unknown-kind: "Deploiment" is no kind: there are Deployment, Device, DeviceSelector, Fleet; did you mean "Deployment"?
      devices/all.yaml:18:9: duplicate-name: there is already a Device named "kiosk-0001" at devices/all.yaml:4; rename or remove one of them
      devices/all.yaml:25:9: invalid-name: "Kiosk" is not a name: a name is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit
      fleet.yaml:5:13: unknown-field: unknown field "admision"; did you mean "admission"?
      fleet.yaml:6:23: invalid-value: expected a whole number from 0 to 100, got 300"
    `);
  });

  test("of a deployment with faults elsewhere still tells what its devices lack", () => {
    const files = {
      "deployments/web.yaml": deployment("web", "colour: red\nuser: '${device.labels.none}'\n"),
      "devices/a.yaml": device("a"),
    };
    expect(codes(files)).toEqual([
      "deployments/web.yaml:13:11 unknown-field",
      "deployments/web.yaml:14:17 missing-label",
    ]);
  });

  test("comes once, also where an alias repeats what is wrong", () => {
    const text = deployment("web", "ports: &p ['x']\n").replace(
      "      services:\n",
      "      services:\n        - {name: a, image: r.example/a:1, ports: ['y']}\n",
    );
    expect(codes({ "deployments/web.yaml": text.replace("ports: &p", "ports:") })).toHaveLength(2);
    const twice = deployment("web", "devices: &d [nope]\ntmpfs: *d\n");
    expect(codes({ "deployments/web.yaml": twice })).toEqual(["deployments/web.yaml:13:24 invalid-value"]);
  });
});

describe("a problem with what an alias repeats", () => {
  const aliased = (services: string) =>
    codes({
      "deployments/w.yaml": deployment("w", "").replace(/services:\n[^]*$/, `services:\n${services}`),
      "devices/a.yaml": device("a"),
    });

  test("stands at the alias where the value itself is wrong there", () => {
    const text = "          - {name: &n web, image: *n}\n";
    expect(aliased(text)).toEqual(["deployments/w.yaml:11:35 invalid-image"]);
  });

  test("stands at the alias where it clashes with what it repeats", () => {
    const first = "          - &s {name: web, image: r.example/a:1, ports: &p ['1:1']}\n";
    const services = `${first}          - *s\n          - {name: b, image: r.example/a:1, ports: *p}\n`;
    expect(aliased(services)).toEqual([
      "deployments/w.yaml:12:13 duplicate-service",
      "deployments/w.yaml:12:13 port-conflict",
      "deployments/w.yaml:13:52 port-conflict",
    ]);
  });
});

describe("a text with several placeholders", () => {
  test("is told each label that is missing, each once", () => {
    const user = "user: '${device.labels.x}${device.labels.y}${device.labels.x}'\n";
    const files = {
      "deployments/w.yaml": deployment("w", user),
      "devices/a.yaml": `${device("a")}---\n${device("b")}`,
    };
    const message = (key: string) =>
      `deployments/w.yaml:13:17: missing-label: the label "${key}" is missing; add it, or a fallback: \${device.labels.${key}:-fallback} (on a and 1 more device)`;
    expect(lines(files)).toEqual([message("x"), message("y")]);
  });
});

describe("null, where a value is expected", () => {
  test.each([
    ["metadata:\n  name: web\n  labels:\n", "5:10 wrong-type"],
    ["metadata:\n  name: web\n  labels: ~\n", "5:11 wrong-type"],
    ["metadata:\n", "3:10 wrong-type"],
    ["metadata: {name: web, labels: {a: }}\n", "3:34 wrong-type"],
  ])("is wrong-type at the value: %j", (metadata, expected) => {
    const text = `${HEAD}kind: Device\n${metadata}spec: {}\n`;
    expect(codes({ "devices/a.yaml": text })).toEqual([`devices/a.yaml:${expected}`]);
  });

  test("is wrong-type for the whole document, too", () => {
    expect(codes({ "devices/a.yaml": "~\n" })).toEqual(["devices/a.yaml:1:1 wrong-type"]);
  });
});

describe("numbers", () => {
  const resources = (value: string) =>
    codes({ "deployments/w.yaml": deployment("w", `resources: {${value}}\n`) }).map((line) => line.split(" ")[1]);
  test.each([
    ["cpus: .nan", ["invalid-value"]],
    ["cpus: .inf", ["invalid-value"]],
    ["cpus: 1e999", ["invalid-value"]],
    ["cpus: 0", ["invalid-value"]],
    ["cpus: '1'", ["wrong-type"]],
    ["cpus: 2", []],
    ["memory_bytes: 9007199254740993", ["invalid-value"]],
    ["memory_bytes: 1.5", ["wrong-type"]],
    ["memory_bytes: 1.0", []],
    ["memory_bytes: 0x1000", []],
    ["memory_bytes: -1", ["invalid-value"]],
  ])("%s gives %j", (value, expected) => {
    expect(resources(value)).toEqual(expected);
  });
});

describe("a file that cannot be read", () => {
  test.each<[string, Uint8Array, string]>([
    ["UTF-16", new Uint8Array(Buffer.from("\ufeffa: b\n", "utf16le")), "not-utf8"],
    ["Latin-1", Uint8Array.of(0x61, 0x3a, 0x20, 0xe9), "not-utf8"],
    ["a surrogate", Uint8Array.of(0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80), "not-utf8"],
    ["binary", Uint8Array.of(0, 1, 2, 3), "yaml-syntax"],
  ])("is one problem: %s", (_what, bytes, code) => {
    expect(readFiles({ "devices/a.yaml": bytes }).problems.map((problem) => problem.code)).toEqual([code]);
  });

  test("is no problem where it is no document", () => {
    const files = {
      "devices/logo.png": Uint8Array.of(0xff),
      "deployments/notes.yaml.bak": "{",
      "deployments/sub/README": "{",
    };
    expect(codes(files)).toEqual([]);
  });

  test("is not guessed at where its content is missing", () => {
    const snapshot = { ...snapshotOf({ "devices/a.yaml": device("a") }), content: () => undefined };
    expect(() => new FleetReader().read(snapshot)).toThrow("lacks the content of devices/a.yaml");
  });

  test("has an invalid path, a link or an odd kind for a reason of its own", () => {
    const entry = { id: "x", sizeBytes: null };
    const entries = [
      {
        ...entry,
        path: "deployments/a\\b.yaml",
        kind: "file" as const,
        invalidPath: "the path has a backslash; rename it",
      },
      { ...entry, path: "devices/pipe", kind: "other" as const },
      { ...entry, path: "fleet.yaml", kind: "symlink" as const },
      { ...entry, path: "README.md", kind: "symlink" as const },
    ];
    const found = new FleetReader().read({ entries, content: () => undefined }).problems;
    expect(found.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "deployments/a\\b.yaml invalid-path",
      "devices/pipe not-a-file",
      "fleet.yaml not-a-file",
    ]);
  });
});

describe("a reader that has read before", () => {
  const files = dictionary(
    constantFrom("devices/a.yaml", "devices/b.yml", "deployments/w.yaml", "devices/s.yaml", "fleet.yaml"),
    constantFrom(
      device("a"),
      device("a", "{role: gate, site: x}"),
      device("b"),
      deployment("w", "user: '${device.labels.role}'\n"),
      deployment("w", "ports: ['80:80']\n", "selectorRef: s"),
      deployment("v", "ports: ['80:80']\n"),
      `${HEAD}kind: DeviceSelector\nmetadata: {name: s}\nspec: {}\n`,
      `${HEAD}kind: Fleet\nmetadata: {name: f}\nspec: {paused: true}\n`,
      "a: [\n",
    ),
  );

  test("says the same as a fresh one, whatever it has read", () => {
    assert(
      property(array(files, { minLength: 1, maxLength: 5 }), (history) => {
        const reader = new FleetReader();
        for (const one of history) {
          const snapshot = snapshotOf(one);
          const [kept, fresh] = [reader.read(snapshot), new FleetReader().read(snapshot)];
          expect(kept).toEqual(fresh);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("wants only what it does not know, and reads no more than that", () => {
    const reader = new FleetReader();
    const before = snapshotOf({ "devices/a.yaml": device("a"), "devices/b.yaml": device("b"), "devices/x.md": "#" });
    expect(reader.wants(before.entries).map(({ path }) => path)).toEqual(["devices/a.yaml", "devices/b.yaml"]);
    reader.read(before);
    const after = snapshotOf({ "devices/a.yaml": device("a"), "devices/b.yaml": device("b", "{role: gate}") });
    expect(reader.wants(after.entries).map(({ path }) => path)).toEqual(["devices/b.yaml"]);
    const asked: string[] = [];
    reader.read({ ...after, content: (id) => (asked.push(id), after.content(id)) });
    expect(asked).toEqual([sha256Digest(device("b", "{role: gate}"))]);
  });

  test("gives the same deployment object for as long as nothing about it changes", () => {
    const reader = new FleetReader();
    const common = { "deployments/w.yaml": deployment("w", "") };
    const one = reader.read(snapshotOf({ ...common, "devices/a.yaml": device("a") })).fleet?.deployments;
    const other = reader.read(snapshotOf({ ...common, "devices/b.yaml": device("b") })).fleet?.deployments;
    expect([...(one ?? [])][0]?.[1]).toBe([...(other ?? [])][0]?.[1]);
  });

  test("gives the same device object for a document that did not change in a file that did", () => {
    const reader = new FleetReader();
    const read = (role: string) =>
      reader.read(snapshotOf({ "devices/all.yaml": `${device("a")}---\n${device("b", `{role: ${role}}`)}` })).fleet;
    const [one, other] = [read("gate"), read("door")];
    const id = (name: string) => name as DeviceId;
    expect(other?.devices.get(id("a"))).toBe(one?.devices.get(id("a")));
    expect(other?.devices.get(id("b"))?.labels.get("role")).toBe("door");
  });
});

const MIB = 1_024 * 1_024;
const full = (head: string, piece: (index: number) => string): string => {
  let text = head;
  for (let index = 0; text.length < MIB - 200; index++) text += piece(index);
  return text;
};
const services = `${HEAD}kind: Deployment\nmetadata: {name: w}\nspec:\n  targetSelector: {}\n  score:\n    type: PodmanV0\n    data:\n      services:\n`;

describe("a hostile repository", () => {
  test.each<[string, string]>([
    ["unknown fields", full(`${HEAD}kind: Device\nmetadata: {name: a}\n`, (index) => `f${index}: 1\n`)],
    ["bad labels", full(`${HEAD}kind: Device\nmetadata:\n  name: a\n  labels:\n`, (index) => `    -l${index}: -\n`)],
    ["tiny documents", full("", () => "---\n{kind: Device}\n")],
    ["documents that are nothing", full("", () => "---\na\n")],
    [
      "documents of one name",
      full("", () => `---\n{apiVersion: gitfleet.dev/v1alpha1, kind: Device, metadata: {name: a}}\n`),
    ],
    ["services of one name", full(services, () => "        - {name: a, image: r.example/a:1}\n")],
    [
      "one port over and over",
      full(
        `${services}        - name: a\n          image: r.example/a:1\n          ports:\n`,
        (index) => `          - 127.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:80:80\n`,
      ),
    ],
    [
      "broken placeholders",
      full(
        `${services}        - name: a\n          image: r.example/a:1\n          command:\n`,
        () => "          - ${\n",
      ),
    ],
    [
      "placeholders",
      full(
        `${services}        - name: a\n          image: r.example/a:1\n          command:\n`,
        (index) => `          - \${device.labels.l${index}}\n`,
      ),
    ],
    [
      "a placeholder that never ends",
      `${services}        - name: a\n          image: r.example/a:1\n          user: "${"${device.labels.".repeat(60_000)}"\n`,
    ],
    [
      "expressions",
      full(
        `${HEAD}kind: DeviceSelector\nmetadata: {name: s}\nspec:\n  matchExpressions:\n`,
        () => "  - {key: a, operator: Inn}\n",
      ),
    ],
    ["a long word in place of a kind", `${HEAD}kind: ${"Deploy".repeat(150_000)}\nmetadata: {name: a}\n`],
    ["a long image", `${services}        - {name: a, image: ${"a-".repeat(300_000)}}\n`],
    [
      "a value that aliases make large",
      `${HEAD}kind: Deployment\nmetadata: {name: w, annotations: {a: &a ${"x".repeat(9_000)}}}\nspec: {targetSelector: {}, score: {type: PodmanV0, data: {services: [{name: a, image: r.example/a:1, command: [${"*a,".repeat(90)}]}]}}}\n`,
    ],
  ])("of %s is refused soon, with bounded answers", (_what, text) => {
    const before = process.cpuUsage();
    const { problems } = readFiles({
      "deployments/h.yaml": text.includes("kind: Deployment") ? text : "",
      "devices/h.yaml": text.includes("kind: Deployment") ? device("d") : text,
    });
    const { user, system } = process.cpuUsage(before);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(65_000);
    expect(Math.max(...problems.map(({ message }) => message.length))).toBeLessThan(1_000);
    // A second is promised. Time on the processor counts, as test machines are shared; it counts helper threads, too.
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});

describe("whatever is written", () => {
  const whole = `${deployment("w", "ports: ['80:80', '81:${device.id}']\nenv: [{name: A, value: '${device.labels.x:-y}'}]\nfiles: &f [{path: /a, content: \"b\\n\", mode: '0644'}]\nhealth: {command: [x], retries: 3}\n")}---\n${device("a", "&l {role: kiosk}")}---\n${HEAD}kind: DeviceSelector\nmetadata: {name: s}\nspec: {matchExpressions: [{key: a, operator: In, values: [b]}]}\n---\n${HEAD}kind: Fleet\nmetadata: {name: f}\nspec: {prune: {maxPercent: 5}}\n`;
  const scrap = oneof(
    string({ unit: "binary", maxLength: 3 }),
    constantFrom(
      ": ",
      "\n",
      "- ",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "*f",
      "*l",
      "&f ",
      "!!int ",
      "!x ",
      "<<: *l\n",
      "~",
      "${",
      "$${",
      "}",
      '"\\ud800"',
      '"\\0"',
      '"\\U00110000"',
      "---\n",
      "%YAML 1.1\n",
      "? ",
      "| ",
      "> ",
      "'",
      '"',
      "# ",
      "\t",
      "1",
      ".nan",
      "__proto__: ",
    ),
  );
  const edit = record({ at: nat(whole.length), cut: nat(6), scrap });

  test("is answered, never a crash", () => {
    assert(
      property(array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce(
          (before, { at, cut, scrap: put }) => before.slice(0, at) + put + before.slice(at + cut),
          whole,
        );
        const bytes = new TextEncoder().encode(text.toWellFormed());
        const reading = readFiles({ "deployments/a.yaml": bytes, "devices/b.yaml": bytes, "fleet.yaml": bytes });
        const places = reading.problems.map(problemLine);
        expect(new Set(places).size).toBe(places.length);
        expect(reading.problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
