/** A device in memory for the tests of the core: a model of podman, of the disk and of the buckets, on a clock of its own. */
import { parseDeviceId, type DeploymentName } from "#schema/names.ts";
import type { Seen, SeenContainer } from "./container.ts";
import { decide } from "./decide.ts";
import { effectText, type DeploymentEffect, type Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import { intentOf } from "./intent.ts";
import { candidateName, mainName } from "./names.ts";
import { observe } from "./observe.ts";
import { localFromRecord } from "./record.ts";
import { DELETED, reportIdentity } from "./reports.ts";
import { newState, type Report, type State } from "./state.ts";

const NEVER = "0001-01-01T00:00:00Z";
const STEP_MS = 20;
const STEPS_MAX = 20_000;
export const DEVICE = parseDeviceId("kiosk-0001")!;

interface ModelContainer {
  readonly id: string;
  readonly deployment: DeploymentName;
  readonly service: string;
  readonly hash: string;
  readonly image: string;
  name: string;
  status: "created" | "running" | "exited";
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  restartCount: number;
}

/** What an image does is in its name: `web:*` serves, `crash:*` ends at once, `sick:*` is unhealthy, `none:*` does not exist. */
export class SimulatedDevice {
  nowMs = 0;
  state: State = initial(0);
  /** The steps on podman, in the order in which they were begun. */
  readonly plan: string[] = [];
  readonly containers = new Map<string, ModelContainer>();
  readonly disk = new Map<DeploymentName, string>();
  readonly reported = new Map<DeploymentName, Report>();
  readonly foreign = new Set<string>();
  readonly #flight = new Map<string, Effect>();
  readonly #choose: (count: number) => number;
  readonly #mayLook: boolean;
  #ids = 0;

  /**
   * `choose` picks which of several effects in flight ends next: chance in property tests. `mayLook`: the device may read
   * its own keys in the buckets.
   */
  constructor(choose: (count: number) => number = () => 0, { mayLook = true } = {}) {
    this.#choose = choose;
    this.#mayLook = mayLook;
  }

  send(event: Event): void {
    this.state = observe(this.state, event, this.nowMs);
  }

  /** The desired state of one deployment: images by service. */
  want(deployment: DeploymentName, images: Readonly<Record<string, string>>): void {
    const services = Object.entries(images).map(([name, image]) => ({ name, image: `registry.example/${image}` }));
    this.send({
      kind: "intent",
      deployment,
      intent: intentOf(JSON.stringify({ type: "PodmanV0", data: { services } })),
    });
  }

  unwant(deployment: DeploymentName): void {
    this.send({ kind: "intent", deployment, intent: { kind: "remove" } });
  }

  /** Somebody ends a container, or takes it away. */
  harm(index: number, how: "kill" | "remove"): void {
    const container = [...this.containers.values()][index % Math.max(1, this.containers.size)];
    if (container === undefined) return;
    if (how === "remove") this.containers.delete(container.id);
    else if (container.status === "running") this.#end(container, 137);
    this.send({ kind: "stirred", deployment: container.deployment });
  }

  /** The agent dies in the middle of everything and starts anew from the disk; `power`: the containers die, too. */
  restart(power: boolean): void {
    this.#flight.clear();
    if (power) for (const container of this.containers.values()) this.#cutOff(container);
    const locals = [...this.disk.values()].map((text) => localFromRecord(text, DEVICE, this.nowMs)!);
    this.state = { ...initial(this.nowMs), locals: new Map(locals.map((local) => [local.name, local])) };
    this.send({ kind: "link", connected: true });
  }

  /** The connection breaks. What is on its way gets there or does not, and no answer comes in either case. */
  disconnect(): void {
    this.send({ kind: "link", connected: false });
    for (const [key, effect] of this.#flight) {
      if (effect.kind !== "publish-state" && effect.kind !== "delete-state") continue;
      this.#flight.delete(key);
      if (this.#choose(2) % 2 === 0) this.#perform(effect);
      this.send({ kind: "publish-failed", deployment: effect.deployment, error: "no answer in time" });
    }
  }

  /** One effect ends; where nothing is in flight, time passes to the next wake-up. False where that is after `untilMs`. */
  step(untilMs: number): boolean {
    const { effects, wakeAtMs } = decide(this.state, this.nowMs);
    for (const effect of effects) {
      if (this.#flight.has(effect.key)) continue;
      this.#flight.set(effect.key, effect);
      if (isStep(effect)) this.plan.push(effectText(effect));
    }
    const keys = [...this.#flight.keys()];
    if (keys.length === 0) {
      if (wakeAtMs === null || wakeAtMs > untilMs) return false;
      this.nowMs = Math.max(this.nowMs + 1, wakeAtMs);
      return true;
    }
    this.nowMs += STEP_MS;
    const key = keys[this.#choose(keys.length) % keys.length]!;
    const effect = this.#flight.get(key)!;
    this.#flight.delete(key);
    for (const event of this.#perform(effect)) this.send(event);
    return this.nowMs <= untilMs;
  }

  /** Lets time pass. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (let steps = 0; this.step(untilMs); steps += 1) {
      if (steps > STEPS_MAX) throw new Error(`the agent does not come to rest: ${this.plan.slice(-10).join(" | ")}`);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** `web_web running web:1`, sorted: what a person would see. */
  shown(): string[] {
    return [...this.containers.values()]
      .map(({ name, status, image }) => `${name} ${status} ${image.split("/")[1]}`)
      .toSorted();
  }

  #perform(effect: Effect): Event[] {
    switch (effect.kind) {
      case "look":
        return [{ kind: "done", effect, seen: this.#look(effect.deployment, effect.needs) }];
      case "create":
      case "preflight":
      case "stop":
      case "start":
      case "remove":
      case "rename":
      case "remove-network":
        return [this.#step(effect)];
      case "survey":
        return [
          {
            kind: "surveyed",
            deployments: [...new Set([...this.containers.values()].map(({ deployment }) => deployment))],
          },
        ];
      case "pull":
        return [this.#pull(effect)];
      case "check-health": {
        const healthy = !(this.containers.get(effect.target.id)?.image.includes("sick:") ?? false);
        return [
          {
            kind: "health",
            deployment: effect.deployment,
            container: effect.target.id,
            startedAt: effect.startedAt,
            healthy,
            output: healthy ? "" : "no",
          },
        ];
      }
      case "save":
        if (effect.record === null) this.disk.delete(effect.deployment);
        else this.disk.set(effect.deployment, effect.record);
        return [{ kind: "saved", deployment: effect.deployment, record: effect.record }];
      case "save-images":
        return [{ kind: "images-saved", text: effect.text }];
      case "remove-image":
        return [{ kind: "image-removed", image: effect.image }];
      case "publish-state":
        return [this.#publish(effect)];
      case "delete-state":
        this.reported.delete(effect.deployment);
        return [
          { kind: "published", deployment: effect.deployment, identity: DELETED, epoch: effect.epoch, lacked: false },
        ];
      case "publish-info":
        return [{ kind: "published", deployment: null, identity: effect.identity, epoch: effect.epoch, lacked: false }];
      case "heartbeat":
        return [{ kind: "heartbeat", revision: (effect.revision ?? 0) + 1, rival: false }];
      case "abort-pull":
        return [];
    }
  }

  /** podman refuses a name that is in use. */
  #step(effect: DeploymentEffect): Event {
    const inUse =
      (effect.kind === "create" || effect.kind === "rename") &&
      [...this.containers.values()].some(({ name }) => name === effect.name);
    if (inUse)
      return { kind: "failed", effect, problem: { kind: "failed", error: "that name is already in use" }, seen: null };
    this.#act(effect);
    return { kind: "done", effect, seen: this.#look(effect.deployment, []) };
  }

  #act(effect: DeploymentEffect): void {
    switch (effect.kind) {
      case "create": {
        const id = `c${(this.#ids += 1)}`;
        const { name: service, hash } = effect.spec;
        const fresh = { status: "created", startedAt: NEVER, finishedAt: NEVER, exitCode: 0, restartCount: 0 } as const;
        this.containers.set(id, {
          id,
          deployment: effect.deployment,
          service,
          hash,
          image: effect.spec.service.image,
          name: effect.name,
          ...fresh,
        });
        return;
      }
      case "start": {
        const container = this.containers.get(effect.target.id);
        if (container !== undefined) this.#start(container, 0);
        return;
      }
      case "stop":
        for (const { id } of effect.targets) this.#end(this.containers.get(id), 0);
        return;
      case "remove":
        for (const { id } of effect.targets) this.containers.delete(id);
        return;
      case "rename": {
        const container = this.containers.get(effect.target.id);
        if (container !== undefined) container.name = effect.name;
        return;
      }
      case "look":
      case "preflight":
      case "remove-network":
    }
  }

  #start(container: ModelContainer, restartCount: number): void {
    Object.assign(container, { status: "running", startedAt: `start ${this.nowMs} ${restartCount}`, restartCount });
  }

  #end(container: ModelContainer | undefined, exitCode: number): void {
    if (container?.status === "running")
      Object.assign(container, { status: "exited", finishedAt: `end ${this.nowMs}`, exitCode });
  }

  #cutOff(container: ModelContainer): void {
    if (container.status === "running") Object.assign(container, { status: "created", restartCount: 0 });
  }

  #pull({ deployment, digest, image }: Effect & { kind: "pull" }): Event {
    if (image.includes("none:"))
      return {
        kind: "pull-failed",
        deployment,
        digest,
        image,
        problem: { kind: "failed", error: `cannot pull ${image}: manifest unknown` },
      };
    return { kind: "pulled", deployment, digest, image, imageId: `id of ${image}`, isNew: true };
  }

  #publish({ deployment, report, mode, epoch }: Effect & { kind: "publish-state" }): Event {
    const lacked = mode === "offer" && !this.reported.has(deployment);
    if (mode === "offer" && !lacked && !this.#mayLook) return { kind: "unseen", deployment, epoch };
    this.reported.set(deployment, report);
    return { kind: "published", deployment, identity: reportIdentity(report), epoch, lacked };
  }

  #look(deployment: DeploymentName, needs: readonly string[]): Seen {
    const mine = [...this.containers.values()].filter((one) => one.deployment === deployment);
    // podman restarts what crashes, again and again, without a pause.
    for (const one of mine)
      if (one.status === "running" && one.image.includes("crash:")) this.#start(one, one.restartCount + 2);
    return {
      containers: mine.map(seenOf),
      foreignNames: needs.filter((name) => this.foreign.has(name)),
      network: "ours",
    };
  }
}

function seenOf(one: ModelContainer): SeenContainer {
  const slot =
    one.name === mainName(one.deployment, one.service)
      ? "main"
      : one.name === candidateName(one.deployment, one.service)
        ? "next"
        : "stray";
  return {
    id: one.id,
    name: one.name,
    service: one.service,
    hash: one.hash,
    imageId: `id of ${one.image}`,
    slot,
    status: one.status,
    startedAt: one.startedAt,
    finishedAt: one.finishedAt,
    exitCode: one.exitCode,
    outOfMemory: false,
    restartCount: one.restartCount,
    restartPolicy: "unless-stopped",
    stopGraceSeconds: 10,
    health: one.image.includes("sick:") ? { intervalMs: 1_000, timeoutMs: 1_000, retries: 2, startPeriodMs: 0 } : null,
    listening: null,
    lastLog: one.image.includes("crash:") ? "boom" : null,
  };
}

function initial(nowMs: number): State {
  const settings = {
    device: DEVICE,
    heartbeatIntervalMs: 30_000,
    resyncIntervalMs: 60_000,
    stableForMs: 2_000,
    startLimitMs: 60_000,
  };
  return newState(settings, "{}", nowMs);
}

function isStep(effect: Effect): boolean {
  return [
    "create",
    "preflight",
    "stop",
    "start",
    "remove",
    "rename",
    "remove-network",
    "pull",
    "remove-image",
  ].includes(effect.kind);
}
