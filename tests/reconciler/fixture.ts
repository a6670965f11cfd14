/** A fleet repository, a NATS server and reconcilers as processes: what the tests of the reconciler stand on. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { jetstreamManager, jetstream, type JetStreamManager } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { GitRepository } from "#sandbox/git-repository.ts";
import { startNatsServer, type NatsServer } from "#sandbox/nats-server.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { until } from "#sandbox/until.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";

const ENTRY = fileURLToPath(new URL("./entry.ts", import.meta.url));
const STOP_WITHIN_MS = 10_000;
const QUESTION_MS = 1_000;

/** One reconciler process. */
export interface Reconciler {
  readonly pid: number;
  /** Everything it logged so far. */
  log(): string;
  /** Resolves with the exit code, null where a signal ended it. */
  readonly exited: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM and wait. */
  stop(): Promise<number | null>;
  /** Where `/metrics` and the others answer. */
  get(path: string, method?: string): Promise<{ status: number; text: string }>;
}

/** What `nats` stores for one key: its last message. */
export interface Stored {
  readonly operation: "PUT" | "DEL" | "PURGE";
  readonly text: string;
  readonly revision: number;
  readonly header: (name: string) => string;
}

export class Fixture {
  readonly scratch: Scratch;
  readonly repo: GitRepository;
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly #running = new Set<ChildProcess>();

  private constructor(scratch: Scratch, server: NatsServer, nats: NatsConnection) {
    this.scratch = scratch;
    this.server = server;
    this.nats = nats;
    this.repo = new GitRepository(`${scratch.path}/fleet`);
  }

  static async start(): Promise<Fixture> {
    const scratch = scratchFolder("reconciler");
    const server = await startNatsServer();
    const nats = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    return new Fixture(scratch, server, nats);
  }

  async stop(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await this.nats.close();
    await this.server.remove();
    this.scratch.remove();
  }

  /** Starts a reconciler on the fixture's repository; polls ten times a second unless told otherwise. */
  start(settings: Record<string, unknown> = {}): Reconciler {
    const given = {
      repo: this.repo.path,
      pollInterval: "100ms",
      lease: "1s",
      listen: "127.0.0.1:0",
      nats: { servers: this.server.url },
      ...settings,
    };
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(given)], { stdio: ["ignore", "inherit", "pipe"] });
    this.#running.add(child);
    return reconcilerOf(child);
  }

  /** `--once`: the exit code and what was logged. */
  async once(settings: Record<string, unknown> = {}): Promise<{ code: number | null; log: string }> {
    const reconciler = this.start({ once: true, ...settings });
    const code = await reconciler.exited;
    return { code, log: reconciler.log() };
  }

  /** A question that a restart of the server swallowed is given up soon. */
  manager(): Promise<JetStreamManager> {
    return jetstreamManager(this.nats, { timeout: QUESTION_MS, checkAPI: false });
  }

  async bucket(name: string): Promise<KV> {
    return new Kvm(jetstream(this.nats)).open(name);
  }

  /** The last message of every key of a bucket, markers included; empty where there is no bucket. */
  async stored(bucket: string): Promise<Map<string, Stored>> {
    const jsm = await this.manager();
    const stored = new Map<string, Stored>();
    const info = await jsm.streams.info(`KV_${bucket}`, { subjects_filter: ">" }).catch(() => null);
    for (const subject of Object.keys(info?.state.subjects ?? {})) {
      const message = await jsm.streams.getMessage(`KV_${bucket}`, { last_by_subj: subject });
      if (message === null) continue;
      const operation = (message.header.get("KV-Operation") || "PUT") as Stored["operation"];
      stored.set(subject.slice(`$KV.${bucket}.`.length), {
        operation,
        text: message.string(),
        revision: message.seq,
        header: (name) => message.header.get(name),
      });
    }
    return stored;
  }

  /** Keys of `desired-state` with a value, sorted. */
  async keys(): Promise<string[]> {
    const stored = await this.stored("desired-state");
    return [...stored]
      .filter(([, { operation }]) => operation === "PUT")
      .map(([key]) => key)
      .toSorted();
  }

  async markers(): Promise<string[]> {
    const stored = await this.stored("desired-state");
    return [...stored]
      .filter(([, { operation }]) => operation !== "PUT")
      .map(([key]) => key)
      .toSorted();
  }

  /** How many messages the bucket ever took. */
  async sequence(bucket = "desired-state"): Promise<number> {
    const jsm = await this.manager();
    return (await jsm.streams.info(`KV_${bucket}`)).state.last_seq;
  }

  async record(): Promise<ReconcilerRecord | null> {
    const text = (await this.stored("fleet")).get("reconciler")?.text;
    return text === undefined || text === "" ? null : (JSON.parse(text) as ReconcilerRecord);
  }

  /** Waits until the record says that this commit is applied and nothing is under way. */
  async applied(commit: string): Promise<ReconcilerRecord> {
    return until(`${commit} is applied`, async () => {
      const record = await this.record();
      return record?.applied === commit && record.applying === null ? record : null;
    });
  }

  async refused(commit: string): Promise<NonNullable<ReconcilerRecord["refused"]>> {
    return until(`${commit} is refused`, async () => {
      const refused = (await this.record())?.refused ?? null;
      return refused?.commit === commit ? refused : null;
    });
  }

  async putState(deviceId: string, name: string): Promise<void> {
    const at = "2026-01-01T00:00:00Z";
    const state = { device_id: deviceId, deployment: name, phase: "Running", last_event_at: at, last_error: null };
    await (await this.bucket("device-state")).put(`state.${deviceId}.${name}`, JSON.stringify(state));
  }
}

function reconcilerOf(child: ChildProcess): Reconciler {
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString("utf8");
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const port = (): Promise<number> =>
    until("the reconciler listens", () => {
      const match = /"port":(\d+)/.exec(log);
      return match === null ? null : Number(match[1]);
    });
  return {
    pid: child.pid ?? 0,
    log: () => log,
    exited,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
      const code = await exited;
      clearTimeout(late);
      return code;
    },
    async get(path, method = "GET") {
      const answer = await fetch(`http://127.0.0.1:${await port()}${path}`, { method });
      return { status: answer.status, text: await answer.text() };
    },
  };
}

/** A device with the label `role`. */
export function device(id: string, labels: Record<string, string> = { role: "kiosk" }, spec = "{}"): string {
  return `apiVersion: gitfleet.dev/v1alpha1
kind: Device
metadata: {name: ${id}, labels: ${JSON.stringify(labels)}}
spec: ${spec}
`;
}

/** A deployment for all devices with the label `role=kiosk`. */
export function deployment(name: string, tag = "1", more = ""): string {
  return `apiVersion: gitfleet.dev/v1alpha1
kind: Deployment
metadata: {name: ${name}}
spec:
  targetSelector: {matchLabels: {role: kiosk}}
${more}  score:
    type: PodmanV0
    data:
      services:
        - {name: main, image: "registry.example.org/${name}:${tag}"}
`;
}

/** Files of a fleet of `count` kiosks that run `web`. */
export function kiosks(count: number, tag = "1"): Record<string, string> {
  const ids = Array.from({ length: count }, (_, index) => kioskId(index + 1));
  const devices = ids.map((id) => [`devices/${id}.yaml`, device(id)]);
  return { "deployments/web.yaml": deployment("web", tag), ...Object.fromEntries(devices) };
}

/** `kiosk-01` and so on. */
export function kioskId(number: number): string {
  return `kiosk-${String(number).padStart(2, "0")}`;
}

export function fleetYaml(name: string, spec = "{}"): string {
  return `apiVersion: gitfleet.dev/v1alpha1
kind: Fleet
metadata: {name: ${name}}
spec: ${spec}
`;
}
