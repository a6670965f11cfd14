/** A world for tests of the core: git, the buckets and a reconciler that may die at any moment, moved step by step. */
import { FleetReader, type FleetReading } from "#fleet/read.ts";
import { sha256Digest } from "#fleet/digest.ts";
import type { ReconcilerRecord } from "#schema/wire.ts";
import { decide } from "./decide.ts";
import type { Effect } from "./effect.ts";
import type { Event, KeyChange, Written } from "./event.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { observe } from "./observe.ts";
import { initialState, type State } from "./state.ts";
import type { Write } from "./write.ts";

/** One commit of a line without merges. */
export interface SimulatedCommit {
  readonly id: string;
  readonly reading: FleetReading;
  readonly allowsPrune: boolean;
}

interface Message {
  readonly revision: number;
  /** Null for a marker. */
  readonly text: string | null;
  readonly fleet: string | null;
}

/** Reads files as a commit would hold them. */
export function readingOf(files: Readonly<Record<string, string>>, reader = new FleetReader()): FleetReading {
  const contents = new Map(Object.entries(files).map(([path, text]) => [`${path} ${sha256Digest(text)}`, text]));
  const entries = Object.entries(files).map(([path, text]) => {
    const kind = "file" as const;
    return { path, kind, id: `${path} ${sha256Digest(text)}`, sizeBytes: text.length };
  });
  reader.wants(entries);
  return reader.read({ entries, content: (id) => new TextEncoder().encode(contents.get(id)) });
}

/** Passes of so many values are large here: the feed is held meanwhile. */
const LARGE_PASS = 4;
const COMMITS_PER_READER = 4;
/** Acknowledgements are told in lots of so many. */
const LOT = 3;

/** The value as the reconciler remembers it. */
export function fingerprint(text: string): number {
  return fingerprintOf(sha256Digest(text));
}

function freshState(): State {
  return initialState({ branch: "main", once: false, largePass: LARGE_PASS });
}

export class SimulatedWorld {
  readonly commits: SimulatedCommit[] = [];
  readonly bucket = new Map<string, Message>();
  readonly states = new Set<string>();
  record: { value: ReconcilerRecord | null; revision: number } | null = null;
  gitWorks = true;
  state: State = freshState();
  nowMs = 1_000;
  /** Messages of `desired-state` so far. */
  messages = 0;
  /** Looks at each write, and at each record, before it is written. */
  inspect: (effect: Extract<Effect, { kind: "write" | "write-record" }>) => void = () => {};
  /** What happens in the middle of the next passes: one thing each, after so many writes. */
  readonly interruptions: { readonly after: number; readonly happen: () => void }[] = [];
  /** Passes that were written while the feed stood still. */
  held = 0;
  #revision = 0;
  #recordRevision = 0;
  /** What the bucket has yet to tell, in its order. */
  #untold: Event[] = [];
  #isHeld = false;
  #reader = new FleetReader();

  constructor() {
    this.start();
  }

  /** A new process: it knows nothing, and every bucket tells it everything. */
  start(): void {
    this.state = freshState();
    this.#isHeld = false;
    this.#untold = [{ kind: "forgotten", bucket: "desired-state" }, ...this.#allKeys()];
    this.#untold.push({
      kind: "states",
      changes: [...this.states].map((key) => ({ key: `state.${key}`, kind: "put" })),
    });
    if (this.record !== null) this.#untold.push(this.#recordEvent());
    for (const bucket of ["desired-state", "device-state", "device-info", "fleet"] as const) {
      this.#untold.push({ kind: "synced", bucket });
    }
    this.#untold.push({ kind: "lease", held: true, reason: "test" });
  }

  commit(files: Readonly<Record<string, string>>, allowsPrune = false): void {
    const id = sha256Digest(`${this.commits.length} ${JSON.stringify(files)}`).slice(7, 47);
    // Now and then by another reader: then nothing has the number that it had before.
    if (this.commits.length % COMMITS_PER_READER === 0) this.#reader = new FleetReader();
    this.commits.push({ id, reading: readingOf(files, this.#reader), allowsPrune });
    this.see({ kind: "poll-wanted" });
  }

  /** Somebody else writes (`null`: deletes) a key of `desired-state`. */
  meddle(key: string, text: string | null): void {
    this.#store(key, { text, fleet: null });
  }

  setState(key: string, there: boolean): void {
    if (there) this.states.add(key);
    else this.states.delete(key);
    const kind = there ? "put" : "marker";
    this.#untold.push({ kind: "states", changes: [{ key: `state.${key}`, kind }] });
  }

  /** The feed of `desired-state` begins anew; `isWiped`: all that was in the bucket is gone, too. */
  lose(isWiped: boolean): void {
    if (isWiped) this.bucket.clear();
    this.#isHeld = false;
    this.#untold = this.#untold.filter((event) => !isOfDesired(event));
    this.see({ kind: "unsynced", bucket: "desired-state", reason: "test" });
    this.see({ kind: "forgotten", bucket: "desired-state" });
    this.#untold.push(...this.#allKeys(), { kind: "synced", bucket: "desired-state" });
  }

  #allKeys(): Event[] {
    const inOrder = [...this.bucket].toSorted(([, a], [, b]) => a.revision - b.revision);
    return inOrder.map(([key, message]) => ({ kind: "keys", changes: [changeOf(key, message)] }));
  }

  see(event: Event): void {
    this.state = observe(this.state, event, this.nowMs);
  }

  /** The bucket tells its next change; false when it has told all. */
  tell(): boolean {
    const next = this.#untold.findIndex((event) => !(this.#isHeld && isOfDesired(event)));
    const [event] = next < 0 ? [] : this.#untold.splice(next, 1);
    if (event !== undefined) this.see(event);
    return event !== undefined;
  }

  /** Does one of the effects that are due; `breakAt` lets the process die after that many writes. */
  act(choice: number, breakAt = Number.POSITIVE_INFINITY): boolean {
    const { effects, wakeAtMs } = decide(this.state, this.nowMs);
    const effect = effects[choice % Math.max(effects.length, 1)];
    if (effect === undefined) {
      this.nowMs = wakeAtMs ?? this.nowMs;
      return false;
    }
    const events = this.#perform(effect, breakAt);
    if (events === "died") this.start();
    else for (const event of events) this.see(event);
    return true;
  }

  /** Lets everything happen that still can. */
  settle(): void {
    let quiet = 0;
    for (let step = 0; quiet < 12; step += 1) {
      if (step > 20_000) throw new Error("the reconciler never comes to rest");
      const before = `${this.messages} ${this.record?.revision} ${this.bucket.size}`;
      while (this.tell());
      // Two that stand beside each other: with one alone a poll that is always due could keep the other from its turn.
      this.act(step);
      this.act(step + 1);
      const polled = before === `${this.messages} ${this.record?.revision} ${this.bucket.size}`;
      quiet = polled ? quiet + 1 : 0;
      this.nowMs += 20_000;
    }
  }

  #perform(effect: Effect, breakAt: number): Event[] | "died" {
    switch (effect.kind) {
      case "poll":
        return this.#poll();
      case "read-commit":
        return this.#read(effect.commit);
      case "find-approval":
        return [{ kind: "approval", head: effect.head, applied: effect.applied, commit: this.#approval(effect) }];
      case "ensure-buckets":
        return [{ kind: "buckets-ensured" }];
      case "rebuild":
        return [{ kind: "rebuild" }];
      case "compare":
        return [{ kind: "compare" }];
      case "write-record":
        return this.#writeRecord(effect);
      case "write":
        return this.#write(effect, breakAt);
    }
  }

  #poll(): Event[] {
    this.see({ kind: "poll-started" });
    const head = this.commits.at(-1);
    if (!this.gitWorks || head === undefined) {
      return [{ kind: "head-unreadable", reason: "unreachable", message: "test", nextPollInMs: 1_000 }];
    }
    return [{ kind: "head", commit: head.id, nextPollInMs: 10_000 }];
  }

  #read(commit: string): Event[] {
    const found = this.commits.find(({ id }) => id === commit);
    if (this.gitWorks && found !== undefined) return [{ kind: "commit", commit, reading: found.reading }];
    return [{ kind: "commit-unreadable", commit, missing: false, message: "test", retryInMs: 1_000 }];
  }

  #approval({ head, applied }: { head: string; applied: string | null }): string | null {
    const line = this.commits.slice(0, this.commits.findIndex(({ id }) => id === head) + 1).toReversed();
    const end = line.findIndex(({ id }) => id === applied);
    const after = applied === null ? line.slice(0, 1) : line.slice(0, end);
    return after.find(({ allowsPrune }) => allowsPrune)?.id ?? null;
  }

  #writeRecord(effect: Extract<Effect, { kind: "write-record" }>): Event[] {
    const { record, expectedRevision } = effect;
    this.inspect(effect);
    if ((this.record?.revision ?? 0) !== expectedRevision) {
      return [{ kind: "record-failed", message: "conflict", retryInMs: 100 }];
    }
    this.#recordRevision += 1;
    this.record = { value: record, revision: this.#recordRevision };
    this.#untold.push(this.#recordEvent());
    return [{ kind: "record", record, revision: this.#recordRevision, own: true }];
  }

  #recordEvent(): Event {
    return { kind: "record", record: this.record?.value ?? null, revision: this.record?.revision ?? 0, own: false };
  }

  #write(effect: Extract<Effect, { kind: "write" }>, breakAt: number): Event[] | "died" {
    const { row, unmarks, fleet, epoch } = effect;
    const interruption = this.interruptions.shift();
    const conflicts: KeyChange[] = [];
    const own: number[] = [];
    let lot: Written[] = [];
    const tell = (): void => {
      if (lot.length > 0) this.see({ kind: "written", fleet, epoch, written: lot });
      own.push(...lot.map(({ revision }) => revision));
      lot = [];
    };
    this.see({ kind: "writes-started" });
    const isHeld = effect.isLarge && this.#hold();
    const left = [...unmarks];
    for (let at = 0; at <= breakAt; at += 1) {
      if (at === interruption?.after) interruption.happen();
      const write = (isHeld && conflicts.length > 0 ? null : row.next()) ?? left.shift();
      if (write === undefined) break;
      if (at === breakAt) return "died";
      this.inspect(effect);
      const there = this.bucket.get(write.key);
      if ((there?.revision ?? 0) === write.expectedRevision) lot.push({ write, revision: this.#apply(write, fleet) });
      else conflicts.push(there === undefined ? { kind: "absent", key: write.key } : changeOf(write.key, there));
      if (lot.length === LOT) tell();
    }
    if (breakAt !== Number.POSITIVE_INFINITY) return "died";
    tell();
    if (isHeld) this.#release(own);
    return [{ kind: "writes-done", epoch, conflicts, failed: 0, message: "", retryInMs: 0 }];
  }

  #hold(): boolean {
    if (!this.state.synced["desired-state"]) return false;
    this.#isHeld = true;
    this.held += 1;
    this.see({ kind: "feed-held" });
    return true;
  }

  // As the feed does: own messages are left out as long as nobody else's, told or not, stands between them.
  #release(own: readonly number[]): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const written = new Set(own);
    while (this.#untold.some(isOfDesired)) {
      const first = this.#untold.findIndex(isOfDesired);
      if (!written.has(revisionIn(this.#untold[first]))) break;
      this.#untold.splice(first, 1);
    }
    this.#untold.push({ kind: "synced", bucket: "desired-state" });
  }

  #apply(write: Write, fleet: string): number {
    if (write.kind !== "unmark")
      return this.#store(write.key, { text: write.kind === "put" ? write.value.text : null, fleet });
    this.bucket.delete(write.key);
    return 0;
  }

  #store(key: string, { text, fleet }: Omit<Message, "revision">): number {
    this.#revision += 1;
    this.messages += 1;
    const message = { text, fleet, revision: this.#revision };
    this.bucket.set(key, message);
    this.#untold.push({ kind: "keys", changes: [changeOf(key, message)] });
    return this.#revision;
  }
}

function changeOf(key: string, { text, revision, fleet }: Message): KeyChange {
  if (text === null) return { kind: "marker", key, revision };
  return { kind: "put", key, fingerprint: fingerprint(text), revision, fleet };
}

function isOfDesired(event: Event): boolean {
  if (event.kind === "synced") return event.bucket === "desired-state";
  return event.kind === "keys" || event.kind === "forgotten";
}

function revisionIn(event: Event | undefined): number {
  const change = event?.kind === "keys" ? event.changes[0] : undefined;
  return change === undefined || change.kind === "absent" ? 0 : change.revision;
}
