/** What an installation would write and run, as the text that people read. */
import { describe, expect, test } from "vitest";
import { SYSTEM_PLACES, userPlaces } from "./places.ts";
import type { Entry, Services } from "./found.ts";
import { planInstall, type Wanted } from "./plan.ts";
import { planText } from "./plan-text.ts";
import type { Plan } from "./step.ts";

const DOWN = { enabled: false, active: false, needsReload: false, activeSinceSeconds: null };
const UP = { enabled: true, active: true, needsReload: false, activeSinceSeconds: 1_000 };
const ROOT = { uid: 0, gid: 0 };

const wanted: Wanted = {
  places: SYSTEM_PLACES,
  root: "",
  owner: ROOT,
  given: { "device-id": "kiosk-0001", "state-dir": "/var/lib/gitfleet" },
  differing: [],
  stateDir: "/var/lib/gitfleet",
  credentials: [{ from: "/root/kiosk.creds", to: "/etc/gitfleet/credentials/nats.creds" }],
  unit: "[Service]\n",
  podmanSocket: true,
};

/** A machine that does what a plan says. */
class Machine {
  readonly entries = new Map<string, Entry>([
    ["/root/kiosk.creds", file("secret")],
    ...["/etc", "/etc/systemd", "/var/lib"].map((path) => [path, folder()] as const),
  ]);
  services: Services | null = { agent: DOWN, podmanSocket: DOWN, lingers: true };

  plan(changes: Partial<Wanted> = {}): Plan {
    return planInstall(
      { ...wanted, ...changes },
      { entry: (path) => this.entries.get(path) ?? null, services: this.services },
    );
  }

  install(changes: Partial<Wanted> = {}): Plan {
    const plan = this.plan(changes);
    for (const step of plan.steps) {
      if (step.kind === "run") this.services &&= { agent: UP, podmanSocket: UP, lingers: true };
      else if (step.kind === "file") this.entries.set(step.path, file(step.text, step.mode));
      else if (step.kind === "copy")
        this.entries.set(step.path, file(this.entries.get(step.from)?.text ?? "", step.mode));
      else if (step.kind === "folder") this.entries.set(step.path, folder(step.mode));
      else if (step.kind === "permit")
        this.entries.set(step.path, { ...this.entries.get(step.path)!, mode: step.mode });
    }
    return plan;
  }
}

function file(text: string, mode = 0o600): Entry {
  return { mode, uid: 0, gid: 0, text, changedAtSeconds: 999 };
}

function folder(mode = 0o755): Entry {
  return { ...file("", mode), text: null };
}

function lines(plan: Plan): string[] {
  return planText(plan)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("    "));
}

describe("installing on the machine", () => {
  test("makes closed folders, writes settings and unit, copies the credentials, and starts podman and the agent", () => {
    expect(lines(new Machine().plan())).toEqual([
      "make /etc/gitfleet/ (0755, root)",
      "make /etc/gitfleet/credentials/ (0750, root)",
      "make /var/lib/gitfleet/ (0700, root)",
      "make /etc/systemd/system/ (0755, root)",
      "write /etc/gitfleet/agent.yaml (0600, root)",
      "copy /root/kiosk.creds to /etc/gitfleet/credentials/nats.creds (0600, root)",
      "write /etc/systemd/system/gitfleet-agent.service (0644, root)",
      "run systemctl daemon-reload",
      "run systemctl enable --now podman.socket",
      "run systemctl enable --now gitfleet-agent.service",
    ]);
  });

  test("a second time does nothing and says so", () => {
    const machine = new Machine();
    machine.install();
    expect(lines(machine.plan())).toEqual(["nothing to write or run"]);
    // What an earlier installation was told holds on.
    expect(lines(machine.plan({ given: {}, credentials: [] }))).toEqual(["nothing to write or run"]);
  });

  test("with one setting changed replaces that file alone and restarts the agent", () => {
    const machine = new Machine();
    machine.install();
    const plan = machine.install({ given: { labels: { role: "kiosk" } } });
    expect(lines(plan)).toEqual([
      "replace /etc/gitfleet/agent.yaml (0600, root)",
      "run systemctl restart gitfleet-agent.service",
    ]);
    expect(machine.entries.get("/etc/gitfleet/agent.yaml")?.text).toMatch(
      /^device-id: "kiosk-0001"\nlabels:\n {2}"role": "kiosk"\n/m,
    );
  });

  test("with another unit lets systemd read it before the restart", () => {
    const machine = new Machine();
    machine.install();
    expect(lines(machine.plan({ unit: "[Service]\nType=exec\n" }))).toEqual([
      "replace /etc/systemd/system/gitfleet-agent.service (0644, root)",
      "run systemctl daemon-reload",
      "run systemctl restart gitfleet-agent.service",
    ]);
  });

  test("restarts the agent where a file changed after its start: an earlier run may have been cut short", () => {
    const machine = new Machine();
    machine.install();
    const path = "/etc/gitfleet/agent.yaml";
    machine.entries.set(path, { ...machine.entries.get(path)!, changedAtSeconds: 1_001 });
    expect(lines(machine.plan())).toEqual(["run systemctl restart gitfleet-agent.service"]);
    machine.services = { agent: { ...UP, needsReload: true }, podmanSocket: UP, lingers: true };
    expect(lines(machine.plan())).toEqual([
      "run systemctl daemon-reload",
      "run systemctl restart gitfleet-agent.service",
    ]);
  });

  test("starts what somebody stopped", () => {
    const machine = new Machine();
    machine.install();
    machine.services = { agent: { ...DOWN, enabled: true }, podmanSocket: UP, lingers: true };
    expect(lines(machine.plan())).toEqual(["run systemctl enable --now gitfleet-agent.service"]);
  });

  test("closes its own folders and files again where somebody opened them, and no others", () => {
    const machine = new Machine();
    machine.install();
    for (const [path, entry] of machine.entries) machine.entries.set(path, { ...entry, mode: 0o777 });
    expect(lines(machine.plan())).toEqual([
      "set /etc/gitfleet/credentials to (0750, root)",
      "set /var/lib/gitfleet to (0700, root)",
      "set /etc/gitfleet/agent.yaml to (0600, root)",
      "set /etc/gitfleet/credentials/nats.creds to (0600, root)",
      "set /etc/systemd/system/gitfleet-agent.service to (0644, root)",
    ]);
  });

  test("never closes a folder that somebody else may use, such as a state folder of another name", () => {
    const machine = new Machine();
    const elsewhere = { stateDir: "/srv", given: { ...wanted.given, "state-dir": "/srv" } };
    machine.entries.set("/srv", { ...file("", 0o755), text: null });
    expect(lines(machine.plan(elsewhere)).filter((line) => line.includes("/srv"))).toEqual([]);
  });

  test("lets an agent that somebody started by hand run with what changed, and after a reboot", () => {
    const machine = new Machine();
    machine.install();
    machine.services = { agent: { ...UP, enabled: false }, podmanSocket: UP, lingers: true };
    expect(lines(machine.plan({ given: { labels: { role: "kiosk" } } })).slice(1)).toEqual([
      "run systemctl enable --now gitfleet-agent.service",
      "run systemctl restart gitfleet-agent.service",
    ]);
  });

  test("uses the unit that a package brought", () => {
    expect(lines(new Machine().plan({ unit: null })).filter((line) => line.includes("systemd/system"))).toEqual([]);
  });

  test("leaves podman's own socket alone where podman listens elsewhere", () => {
    expect(planText(new Machine().plan({ podmanSocket: false }))).not.toContain("podman.socket");
  });
});

describe("what a person made", () => {
  test("a settings file that was edited is kept, and what it lacks is named", () => {
    const machine = new Machine();
    machine.install();
    const path = "/etc/gitfleet/agent.yaml";
    machine.entries.set(path, file(`${machine.entries.get(path)!.text}resync-interval: 5m\n`));
    expect(lines(machine.plan())).toEqual(["nothing to write or run", `keep ${path}: edited by hand`]);
    const plan = machine.plan({ given: { labels: { role: "kiosk" } }, differing: ["label"] });
    expect(plan.steps).toEqual([]);
    expect(plan.refused).toEqual([
      `${path} was edited by hand and is not overwritten: set label in it yourself, or move it away`,
    ]);
  });

  test("credentials that are there are never overwritten", () => {
    const machine = new Machine();
    machine.install();
    machine.entries.set("/root/kiosk.creds", file("another secret"));
    const plan = machine.plan();
    expect(plan.steps).toEqual([]);
    expect(plan.refused).toEqual([
      "/etc/gitfleet/credentials/nats.creds is not overwritten, and /root/kiosk.creds is another: delete the first if the second is right",
    ]);
  });

  test("what the credentials say, and the password in a server's address, is in no printed plan", () => {
    const text = planText(
      new Machine().plan({ given: { ...wanted.given, nats: ["nats://kim:pass@nats.example:4222"] } }),
    );
    expect(text).toContain("nats://***@nats.example:4222");
    expect(text).not.toMatch(/secret|pass@/);
  });
});

describe("without a systemd to talk to", () => {
  test("the files are written and every command is named", () => {
    const machine = new Machine();
    machine.services = null;
    const plan = machine.plan();
    expect(plan.steps.some(({ kind }) => kind === "run")).toBe(false);
    expect(lines(plan).slice(-4)).toEqual([
      "left to you, because no systemd of that device runs here:",
      "  systemctl daemon-reload   # so that systemd reads the unit",
      "  systemctl enable --now podman.socket   # so that podman answers the agent",
      "  systemctl enable --now gitfleet-agent.service   # so that the agent runs, also after a reboot",
    ]);
  });

  test("into another root everything stands below it, and the units are to be enabled there", () => {
    const plan = new Machine().plan({ root: "/mnt/image" });
    const paths = plan.steps.flatMap((step) => ("path" in step ? [step.path] : []));
    expect(paths.filter((path) => !/^\/mnt\/image\/(?:etc|var)(?:\/|$)/.test(path))).toEqual([]);
    // Each folder above by name: the umask of whoever builds the image decides nothing.
    expect(lines(plan).slice(0, 5)).toEqual([
      "make /mnt/image/etc/ (0755, root)",
      "make /mnt/image/etc/systemd/ (0755, root)",
      "make /mnt/image/var/ (0755, root)",
      "make /mnt/image/var/lib/ (0755, root)",
      "make /mnt/image/etc/gitfleet/ (0755, root)",
    ]);
    expect(lines(plan).at(-1)).toBe(
      "  systemctl --root /mnt/image enable podman.socket gitfleet-agent.service   # so that the device starts the agent when it boots",
    );
  });
});

describe("installing for a user", () => {
  const places = userPlaces({ folder: "/home/kim", env: { XDG_STATE_HOME: "relative/is/ignored" } });
  const forUser = { places, owner: null, stateDir: places.stateDir, credentials: [] };

  test("stays in the home, and lets the user's services run without a login", () => {
    const machine = new Machine();
    machine.services = { agent: DOWN, podmanSocket: DOWN, lingers: false };
    expect(lines(machine.plan(forUser))).toEqual([
      "make /home/kim/.config/gitfleet/ (0700)",
      "make /home/kim/.config/gitfleet/credentials/ (0750)",
      "make /home/kim/.local/state/gitfleet/ (0700)",
      "make /home/kim/.config/systemd/user/ (0755)",
      "write /home/kim/.config/gitfleet/agent.yaml (0600)",
      "write /home/kim/.config/systemd/user/gitfleet-agent.service (0644)",
      "run systemctl --user daemon-reload",
      "run systemctl --user enable --now podman.socket",
      "run systemctl --user enable --now gitfleet-agent.service",
      "run loginctl enable-linger",
    ]);
    machine.install(forUser);
    expect(lines(machine.plan(forUser))).toEqual(["nothing to write or run"]);
  });

  test("goes by the user's own folders", () => {
    const { config, stateDir } = userPlaces({
      folder: "/home/kim",
      env: { XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" },
    });
    expect([config, stateDir]).toEqual(["/c/gitfleet/agent.yaml", "/s/gitfleet"]);
  });
});
