/** The answer of `validate`, for people, programs and GitHub's workflow annotations. */
import type { JsonValue } from "#schema/canonical-json.ts";
import type { Problem } from "./problem.ts";
import type { FleetReading } from "./read.ts";

/** `{valid, problems, deployments, devices}`. */
export function validateJson(reading: FleetReading): { readonly [key: string]: JsonValue } {
  return {
    valid: reading.problems.length === 0,
    problems: reading.problems.map(({ file, line, column, code, message }) => ({ file, line, column, code, message })),
    deployments: reading.deployments,
    devices: reading.devices,
  };
}

/** One line for each problem, and one for the whole. Ends with a line break. */
export function validateText(reading: FleetReading): string {
  const { problems, deployments, devices, warnings } = reading;
  const lines = problems.map(problemLine);
  const notes = warnings.map(({ message }) => `warning: ${message}`);
  const held = `${count(deployments, "deployment")}, ${count(devices, "device")}`;
  const files = new Set(problems.map(({ file }) => file)).size;
  const end =
    problems.length === 0
      ? `valid: ${held}`
      : `invalid: ${count(problems.length, "problem")} in ${count(files, "file")}`;
  return `${[...lines, ...notes, end].join("\n")}\n`;
}

/** `file:line:column: code: message`, which editors and terminals can follow. */
export function problemLine({ file, line, column, code, message }: Problem): string {
  return `${file}:${line}:${column}: ${code}: ${message}`;
}

/** Annotations for a GitHub workflow. `prefix` is the folder of the fleet within the repository, with a closing `/`, or empty. */
export function validateGithub(reading: FleetReading, prefix = ""): string {
  const lines = reading.problems.map(({ file, line, column, code, message }) => {
    const where = `file=${property(prefix + file)},line=${line},col=${column},title=${property(code)}`;
    return `::error ${where}::${data(message)}\n`;
  });
  return lines.join("");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
