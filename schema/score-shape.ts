/** How a score is written: type PodmanV0, and what each of its services may say. */
import { imageFault } from "./image.ts";
import { FILES_MAX_BYTES } from "./limits.ts";
import { isRfc1123Label } from "./names.ts";
import { parsePort } from "./port.ts";
import type {
  EnvironmentVariable,
  HealthCheck,
  PodmanV0,
  Resources,
  Score,
  ScoreFile,
  Service,
  Volume,
} from "./podman-v0.ts";
import { integer, list, object, optional, required, text, type Fault, type Report, type TextShape } from "./shape.ts";
import { quoted } from "./shape-check.ts";

/** The types of score there are. */
export const SCORE_TYPES = ["PodmanV0"] as const;

const DAY_SECONDS = 86_400;
const ENV_NAME = /^[-._A-Za-z][-._A-Za-z0-9]*$/;
const VOLUME_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;
const MODE = /^0?[0-7]{3,4}$/;

const environmentShape = object<EnvironmentVariable>(
  "one environment variable",
  {
    name: required(pattern("its name", ENV_NAME, "letters, digits, -, _ and ., not beginning with a digit")),
    value: optional(text("its value")),
    file: optional(absolutePath("a file on the device that holds its value")),
  },
  { check: checkEnvironment, exactlyOne: ["value", "file"] },
);

const volumeShape = object<Volume>("something mounted into the container", {
  source: required(text("an absolute path on the device, else the name of a volume", { check: volumeSourceFault })),
  target: required(absolutePath("where it is mounted")),
  read_only: optional({ kind: "flag", about: "true: the container cannot write to it" }),
});

const fileShape = object<ScoreFile>("a small file put into the container", {
  path: required(absolutePath("where it is")),
  content: required(text("what is in it")),
  mode: optional(pattern("its mode", MODE, 'octal digits in quotes, such as "0644"')),
});

const healthShape = object<HealthCheck>("how the agent asks whether the service is well", {
  command: required(
    list("program and arguments, run in the container; exit code 0 is well", text("a word"), { min: 1 }),
  ),
  interval_seconds: optional(integer("seconds between two checks", 1, DAY_SECONDS)),
  timeout_seconds: optional(integer("seconds one check may take", 1, DAY_SECONDS)),
  retries: optional(integer("so many failures in a row are unhealthy", 1, 1_000)),
  start_period_seconds: optional(integer("seconds in which failures do not count", 0, DAY_SECONDS)),
});

const resourcesShape = object<Resources>("how much the service may use", {
  memory_bytes: optional(integer("bytes of memory", 1, Number.MAX_SAFE_INTEGER)),
  cpus: optional({
    kind: "number",
    about: "processors, such as 0.5",
    integer: false,
    min: 0,
    max: 1_024,
    aboveMin: true,
  }),
});

const serviceShape = object<Service>("one container", {
  name: required(text("its name, unique within the deployment", { check: serviceNameFault, literal: true })),
  image: required(text("registry/path with a tag, a digest or both", { check: invalidImage })),
  ports: optional(list("published ports", text('"[address:]host:container[/tcp|/udp]"', { check: invalidPort }))),
  env: optional(list("environment variables", environmentShape, { check: unique("name", "environment variable") })),
  volumes: optional(list("mounts", volumeShape, { check: unique("target", "mount target") })),
  files: optional(list("small files, at most 64 KiB together", fileShape, { check: checkFiles })),
  command: optional(list("program and arguments, instead of the image's", text("a word"))),
  user: optional(pattern("user or user:group, by name or number", USER, 'user or user:group, such as "1000:1000"')),
  devices: optional(list("devices of the host", absolutePath("such as /dev/ttyUSB0"))),
  network: optional({ kind: "choice", about: "private: with the deployment's services", values: ["private", "host"] }),
  privileged: optional({ kind: "flag", about: "true: with the rights of the host" }),
  tmpfs: optional(list("folders held in memory", absolutePath("such as /tmp"))),
  stop_grace_seconds: optional(integer("seconds between asking it to stop and killing it", 0, DAY_SECONDS)),
  restart_policy: optional({
    kind: "choice",
    about: "when podman starts it again",
    values: ["no", "on-failure", "always", "unless-stopped"],
  }),
  health: optional(healthShape),
  resources: optional(resourcesShape),
});

/** The data of a score of type PodmanV0. */
export const podmanV0Shape = object<PodmanV0>("containers run by podman", {
  services: required(list("at least one", serviceShape, { min: 1, check: checkServiceNames })),
});

/** A score as authors write it. */
export const scoreShape = object<Score>("what to run; goes to the device as written", {
  type: required({ kind: "choice", about: "the type of the score", values: SCORE_TYPES }),
  data: required(podmanV0Shape),
});

function pattern(about: string, rule: RegExp, sentence: string): TextShape {
  return text(about, {
    check: (value) =>
      rule.test(value) ? null : { code: "invalid-value", message: `${quoted(value)} is not ${about}: ${sentence}` },
  });
}

function absolutePath(about: string): TextShape {
  return text(`an absolute path: ${about}`, { check: pathFault });
}

/** Why `value` is no absolute path, or null. */
function pathFault(value: string): Fault | null {
  const sound = value.startsWith("/") && value.length <= 4_096 && !/\p{Cc}/u.test(value);
  if (sound && !value.split("/").includes("..")) return null;
  return { code: "invalid-value", message: `${quoted(value)} is not an absolute path without .. in it` };
}

function volumeSourceFault(value: string): Fault | null {
  if (value.startsWith("/")) return pathFault(value);
  if (VOLUME_NAME.test(value)) return null;
  const rule = "an absolute path on the device, or a name of letters, digits, _, . and -";
  return { code: "invalid-value", message: `${quoted(value)} is not ${rule}` };
}

function serviceNameFault(name: string): Fault | null {
  if (isRfc1123Label(name)) return null;
  const rule = "1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";
  return { code: "invalid-name", message: `${quoted(name)} is not the name of a service: ${rule}` };
}

function invalidImage(value: string): Fault | null {
  const why = imageFault(value);
  return why === null ? null : { code: "invalid-image", message: `${quoted(value)}: ${why}` };
}

function invalidPort(value: string): Fault | null {
  if (parsePort(value) !== null) return null;
  const rule = '"[address:]host:container[/tcp|/udp]" with ports from 1 to 65535, such as "8080:80"';
  return { code: "invalid-port", message: `${quoted(value)} is not a port: write ${rule}` };
}

function checkEnvironment(fields: Readonly<Record<string, unknown>>, report: Report): void {
  const hasValue = Object.hasOwn(fields, "value");
  if (hasValue !== Object.hasOwn(fields, "file")) return;
  const name = typeof fields["name"] === "string" ? quoted(fields["name"]) : "an environment variable";
  report([], {
    code: "invalid-value",
    message: `${name} has ${hasValue ? "one of value and file, not both" : "neither value nor file"}`,
  });
}

/** Each later item whose field repeats that of an earlier one. */
function unique(field: string, what: string): (items: readonly unknown[], report: Report) => void {
  return (items, report) => {
    for (const [index, name] of repeated(items, field)) {
      report(
        [index, field],
        { code: "invalid-value", message: `the ${what} ${quoted(name)} is here twice` },
        "occurrence",
      );
    }
  };
}

function checkServiceNames(services: readonly unknown[], report: Report): void {
  for (const [index, name] of repeated(services, "name")) {
    report(
      [index, "name"],
      { code: "duplicate-service", message: `the service ${quoted(name)} is here twice` },
      "occurrence",
    );
  }
}

function* repeated(items: readonly unknown[], field: string): Generator<[number, string]> {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const name = textField(item, field);
    if (name === null) continue;
    if (seen.has(name)) yield [index, name];
    seen.add(name);
  }
}

function checkFiles(files: readonly unknown[], report: Report): void {
  for (const [index, path] of repeated(files, "path")) {
    report([index, "path"], { code: "invalid-value", message: `the file ${quoted(path)} is here twice` }, "occurrence");
  }
  const bytes = files.reduce<number>((sum, file) => sum + utf8Length(textField(file, "content") ?? ""), 0);
  if (bytes <= FILES_MAX_BYTES) return;
  const message = `the files of a service are at most ${FILES_MAX_BYTES} bytes together, these are ${bytes}; put large files into the image`;
  report([], { code: "value-too-large", message });
}

function textField(item: unknown, field: string): string | null {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, field)) return null;
  const value = (item as Readonly<Record<string, unknown>>)[field];
  return typeof value === "string" ? value : null;
}

function utf8Length(value: string): number {
  return new TextEncoder().encode(value).length;
}
