/** The documents of a fleet as strict zod schemas, as somebody would write them by hand: the limit that row 4 is held against. */
import { z } from "zod";

const name = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
const labelKey = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*\/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
  );
const labelValue = z.string().regex(/^(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/);
const labels = z.record(labelKey, labelValue);
const absolutePath = z.string().regex(/^\//);
const seconds = z.int().min(0).max(86_400);

const metadata = z.strictObject({
  name,
  labels: labels.optional(),
  annotations: z.record(labelKey, z.string()).optional(),
});
const apiVersion = z.literal("gitfleet.dev/v1alpha1");

const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: labelKey,
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(labelValue).optional(),
      }),
    )
    .optional(),
});

const service = z.strictObject({
  name,
  image: z.string().regex(/^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/),
  ports: z
    .array(z.string().regex(/^(?:(?:\[[0-9a-fA-F:.]+\]|[0-9.]+):)?[1-9]\d{0,4}:[1-9]\d{0,4}(?:\/(?:tcp|udp))?$/))
    .optional(),
  env: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[-._A-Za-z][-._A-Za-z0-9]*$/),
        value: z.string().optional(),
        file: absolutePath.optional(),
      }),
    )
    .optional(),
  volumes: z
    .array(z.strictObject({ source: z.string().min(1), target: absolutePath, read_only: z.boolean().optional() }))
    .optional(),
  files: z.array(z.strictObject({ path: absolutePath, content: z.string(), mode: z.string().optional() })).optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  devices: z.array(absolutePath).optional(),
  network: z.enum(["private", "host"]).optional(),
  privileged: z.boolean().optional(),
  tmpfs: z.array(absolutePath).optional(),
  stop_grace_seconds: seconds.optional(),
  restart_policy: z.enum(["no", "on-failure", "always", "unless-stopped"]).optional(),
  health: z
    .strictObject({
      command: z.array(z.string()).min(1),
      interval_seconds: seconds.optional(),
      timeout_seconds: seconds.optional(),
      retries: z.int().min(1).max(1_000).optional(),
      start_period_seconds: seconds.optional(),
    })
    .optional(),
  resources: z
    .strictObject({ memory_bytes: z.int().min(1).optional(), cpus: z.number().positive().max(1_024).optional() })
    .optional(),
});

const deployment = z.strictObject({
  apiVersion,
  kind: z.literal("Deployment"),
  metadata,
  spec: z.strictObject({
    targetSelector: selector.optional(),
    selectorRef: z.string().optional(),
    paused: z.boolean().optional(),
    score: z.strictObject({
      type: z.literal("PodmanV0"),
      data: z.strictObject({ services: z.array(service).min(1) }),
    }),
    rollout: z.strictObject({ strategy: z.literal("Immediate").optional() }).optional(),
  }),
});

const device = z.strictObject({
  apiVersion,
  kind: z.literal("Device"),
  metadata,
  spec: z.strictObject({ paused: z.boolean().optional() }).optional(),
});

const fleet = z.strictObject({
  apiVersion,
  kind: z.literal("Fleet"),
  metadata,
  spec: z.strictObject({
    prune: z.strictObject({ maxPercent: z.int().min(0).max(100), minKeys: z.int().min(0) }).optional(),
  }),
});

/** Any document of the generated fleet. */
export const documentSchema = z.discriminatedUnion("kind", [deployment, device, fleet]);
