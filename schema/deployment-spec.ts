/** The spec of a Deployment, as written. */
import { scoreShape } from "./score-shape.ts";
import type { Score } from "./podman-v0.ts";
import { selectorShape, type AuthoredSelector } from "./selector-shape.ts";
import { object, optional, required, text, type Report } from "./shape.ts";

/** What to run, where, and how it gets there. */
export interface DeploymentSpec {
  readonly targetSelector?: AuthoredSelector;
  /** The name of a DeviceSelector; exactly one of the two. */
  readonly selectorRef?: string;
  readonly paused?: boolean;
  readonly score: Score;
  readonly rollout?: { readonly strategy?: "Immediate" };
}

/** The spec of a Deployment. */
export const deploymentSpecShape = object<DeploymentSpec>(
  "what to run, where, and how it gets there",
  {
    targetSelector: optional(selectorShape),
    selectorRef: optional(text("the name of a DeviceSelector, instead of targetSelector")),
    paused: optional({ kind: "flag", about: "true: frozen everywhere as it is" }),
    score: required(scoreShape),
    rollout: optional(
      object<NonNullable<DeploymentSpec["rollout"]>>("how a change reaches the devices", {
        strategy: optional({ kind: "choice", about: "Immediate: all at once", values: ["Immediate"] }),
      }),
    ),
  },
  { check: checkSelection, exactlyOne: ["targetSelector", "selectorRef"] },
);

function checkSelection(fields: Readonly<Record<string, unknown>>, report: Report): void {
  const own = Object.hasOwn(fields, "targetSelector");
  if (own !== Object.hasOwn(fields, "selectorRef")) return;
  const message = own
    ? "a deployment has targetSelector or selectorRef, not both"
    : "a deployment says which devices it is for: add targetSelector or selectorRef; targetSelector: {} is every device";
  report([], { code: "invalid-selector", message });
}
