/** How a NATS system is reached: the settings behind `--nats …` and `--bucket-prefix` of every command. */
import { BUCKET_PREFIX } from "#schema/names.ts";
import { z } from "zod";

/** Where a server listens when nobody says otherwise. */
export const DEFAULT_NATS_SERVER = "nats://127.0.0.1:4222";
const SERVER_URL = /^(?:(?:nats|tls):\/\/)?(?:[^@/\s]+@)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\/?$/;
const SUBJECT_PREFIX = /^[^\s.*>]+(?:\.[^\s.*>]+)*$/;

const subjectPrefix = (what: string) =>
  z.string().regex(SUBJECT_PREFIX, `${what} is one or more subject tokens joined by ".", without "*", ">" and spaces`);

const serverUrl = z
  .string()
  // The text is not repeated: it may carry a password.
  .regex(SERVER_URL, "a NATS server is written nats://host:port (or tls://host:port, or host:port)");

/** Parses the settings; each field is described for help texts and for the table in the documentation. */
export const natsOptionsSchema = z.object({
  servers: z
    .preprocess(splitServers, z.array(serverUrl).min(1, "name at least one NATS server, such as nats://127.0.0.1:4222"))
    .default([DEFAULT_NATS_SERVER])
    .meta({ description: "NATS servers, separated by commas", flag: "nats", placeholder: "URL[,URL]" }),
  creds: z.string().min(1).optional().meta({ description: "NATS credentials file (.creds)", placeholder: "FILE" }),
  ca: z.string().min(1).optional().meta({
    description: "certificates of the authorities that the NATS server's certificate may come from (PEM)",
    placeholder: "FILE",
  }),
  cert: z.string().min(1).optional().meta({ description: "client certificate for NATS (PEM)", placeholder: "FILE" }),
  key: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "key of the client certificate for NATS (PEM)", placeholder: "FILE" }),
  inboxPrefix: subjectPrefix("an inbox prefix").default("_INBOX").describe("where replies from NATS arrive"),
  apiPrefix: subjectPrefix("an API prefix").default("$JS.API").describe("where the JetStream API is reached"),
  deliverPrefix: subjectPrefix("a deliver prefix")
    .optional()
    .describe("where the changes of a bucket are delivered; the inbox prefix when left out"),
  bucketPrefix: z
    .string()
    .regex(BUCKET_PREFIX, "a bucket prefix is at most 32 of A-Z, a-z, 0-9, _ and -")
    .default("")
    .meta({
      description: "put literally before every bucket name, so that several fleets can share one NATS",
      flag: "bucket-prefix",
      placeholder: "P",
    }),
});

/** Settings with defaults filled in. */
export type NatsOptions = z.infer<typeof natsOptionsSchema>;
/** Settings as they are given. */
export type NatsOptionsInput = z.input<typeof natsOptionsSchema>;

/** Server addresses as they may be shown to people: without user, password or token. */
export function printableServers(options: Pick<NatsOptions, "servers">): string {
  return options.servers.map((server) => server.replace(/^((?:\w+:\/\/)?)[^@/]*@/, "$1")).join(", ");
}

function splitServers(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value
    .split(",")
    .map((server) => server.trim())
    .filter((server) => server !== "");
}
