/** The answer of `explain`, for people and programs. */
import type { JsonValue } from "#schema/canonical-json.ts";
import type { ExplainedDeployment, Explanation } from "./explain.ts";
import type { Place } from "./problem.ts";

/** What runs, why, and why not; aligned. Ends with a line break. */
export function explanationText(explanation: Explanation): string {
  const running = explanation.deployments.filter(({ runs }) => runs);
  const others = explanation.deployments.filter(({ runs }) => !runs);
  const blocks = [
    headText(explanation),
    blockText(running.length === 0 ? "runs nothing" : "runs", running, whyText),
    ...(others.length === 0 ? [] : [blockText("does not run", others, whyNotText)]),
    ...(explanation.declaredOnly ? ["only its own file was looked at, not what devices report; add --live"] : []),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** The same as data. */
export function explanationJson(explanation: Explanation): { readonly [key: string]: JsonValue } {
  const { device, place, labels, paused, deployments } = explanation;
  return {
    device,
    file: place?.file ?? null,
    line: place?.line ?? null,
    labels: Object.fromEntries(labels),
    paused,
    deployments: deployments.map((one) => ({
      deployment: one.deployment,
      file: one.place.file,
      line: one.place.line,
      selectorRef: one.selectorRef?.name ?? null,
      runs: one.runs,
      paused: one.paused,
      because: one.because.map(({ condition, matched, label }) => ({ condition, matched, label })),
    })),
  };
}

function headText({ device, place, labels, paused }: Explanation): string {
  const where = place === null ? "has no file: it only reported itself" : placeText(place);
  const texts = [...labels].map(([key, value]) => `${key}=${value}`);
  const line = texts.length === 0 ? "no labels" : texts.join(", ");
  return `${device}  ${where}\n  ${line}${paused ? "\n  paused: it keeps what it runs" : ""}`;
}

function blockText(
  title: string,
  deployments: readonly ExplainedDeployment[],
  why: (one: ExplainedDeployment) => string,
): string {
  const width = Math.max(0, ...deployments.map(({ deployment }) => deployment.length));
  const places = deployments.map((one) => placeText(one.place));
  const placeWidth = Math.max(0, ...places.map((text) => text.length));
  const lines = deployments.map((one, index) =>
    `  ${one.deployment.padEnd(width)}  ${(places[index] ?? "").padEnd(placeWidth)}  ${why(one)}${pauseText(one)}`.trimEnd(),
  );
  return [title, ...lines].join("\n");
}

function whyText(one: ExplainedDeployment): string {
  const conditions = one.because.map(({ condition }) => condition);
  return `${conditions.length === 0 ? "selects every device" : conditions.join(", ")}${selectorText(one)}`;
}

function whyNotText(one: ExplainedDeployment): string {
  const broken = one.because.filter(({ matched }) => !matched);
  const reasons = broken.map(
    ({ condition, label }) => `wants ${condition}, ${label === null ? "which it lacks" : `it has ${label}`}`,
  );
  return `${reasons.join("; ")}${selectorText(one)}`;
}

function selectorText({ selectorRef }: ExplainedDeployment): string {
  if (selectorRef === null) return "";
  const where = selectorRef.place === null ? "" : `, ${placeText(selectorRef.place)}`;
  return ` (selector ${selectorRef.name}${where})`;
}

function pauseText({ paused }: ExplainedDeployment): string {
  return paused === null ? "" : `; the ${paused} is paused: it stays as it is`;
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
