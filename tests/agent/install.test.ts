/** `agent install` and `agent uninstall` as root runs them on a device: real files, and a systemctl that only takes notes. */
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileSettings } from "#agent/install/request.ts";
import { loadConfig } from "#runtime/config.ts";
import { scratchFolder, type Scratch } from "#sandbox/scratch.ts";
import { gitfleet } from "#tests/cli/gitfleet.ts";
import { DeviceRoot } from "./device-root.ts";

const CONFIG = "/etc/gitfleet/agent.yaml";
const UNIT = "/etc/systemd/system/gitfleet-agent.service";
const CREDENTIALS = "/etc/gitfleet/credentials/nats.creds";
const SECRET = "-----BEGIN NATS USER JWT-----\nseed-of-kiosk\n";

let scratch: Scratch;
let device: DeviceRoot;
let creds: string;

beforeEach(() => {
  scratch = scratchFolder("install");
  device = new DeviceRoot({ systemd: true });
  creds = join(scratch.path, "kiosk.creds");
  writeFileSync(creds, SECRET);
});

afterEach(() => {
  device.remove();
  scratch.remove();
});

function install(...more: string[]): ReturnType<DeviceRoot["gitfleet"]> {
  return device.gitfleet("agent", "install", ...more);
}

function installKiosk(...more: string[]): ReturnType<DeviceRoot["gitfleet"]> {
  const nats = ["--nats", "tls://a.example:4222,tls://b.example:4222", "--nats-creds", creds];
  return install("--device-id", "kiosk-0001", "--label", "role=kiosk", "--label", "site=berlin", ...nats, ...more);
}

function mode(inside: string): string {
  return (statSync(device.path(inside)).mode & 0o7777).toString(8);
}

describe("gitfleet agent install", () => {
  test("writes settings that the agent reads as they were given, and starts it", async () => {
    expect(installKiosk("--heartbeat-interval", "60s")).toMatchObject({ code: 0, stderr: "" });
    const settings = await loadConfig(fileSettings, { flags: new Map(), env: {}, file: device.path(CONFIG) });
    expect(settings).toMatchObject({
      deviceId: "kiosk-0001",
      labels: { role: "kiosk", site: "berlin" },
      nats: { servers: ["tls://a.example:4222", "tls://b.example:4222"], creds: CREDENTIALS },
      stateDir: "/var/lib/gitfleet",
      heartbeatInterval: 60_000,
    });
    expect(device.commands()).toEqual([
      "systemctl daemon-reload",
      "systemctl enable --now podman.socket",
      "systemctl enable --now gitfleet-agent.service",
    ]);
  });

  test("gives every file and folder the mode that its content asks for", () => {
    installKiosk();
    const paths = ["/etc/gitfleet/credentials", CREDENTIALS, CONFIG, "/var/lib/gitfleet", UNIT];
    expect(paths.map(mode)).toEqual(["750", "600", "600", "700", "644"]);
    expect(device.read(CREDENTIALS)).toBe(SECRET);
  });

  test("a second run changes nothing and says so, also without the options", () => {
    installKiosk();
    const before = [CONFIG, UNIT, CREDENTIALS].map((path) => statSync(device.path(path)).ino);
    const told = device.commands();
    for (const again of [installKiosk(), install()])
      expect(again).toEqual({ code: 0, stdout: "nothing to do: the agent is installed as asked\n", stderr: "" });
    expect([CONFIG, UNIT, CREDENTIALS].map((path) => statSync(device.path(path)).ino)).toEqual(before);
    expect(device.commands()).toEqual(told);
  });

  test("a changed setting changes its file alone and restarts the agent", () => {
    installKiosk();
    const told = device.commands();
    expect(install("--label", "role=till").stdout).toBe(
      `replace ${CONFIG} (0600, root)\nrun systemctl restart gitfleet-agent.service\n`,
    );
    expect(device.commands().slice(told.length)).toEqual(["systemctl restart gitfleet-agent.service"]);
    expect(device.read(CONFIG)).toMatch(/^device-id: "kiosk-0001"\nlabels:\n {2}"role": "till"\nnats:\n/m);
  });

  test("a settings file that a person wrote is kept; what it lacks is said, with exit code 1", () => {
    installKiosk();
    writeFileSync(device.path(CONFIG), "device-id: kiosk-0001 # by hand\n");
    expect(install()).toMatchObject({ code: 0, stdout: expect.stringContaining(`keep ${CONFIG}: edited by hand`) });
    const { code, stdout } = install("--label", "role=till");
    expect(code).toBe(1);
    expect(stdout).toContain(`NOT DONE: ${CONFIG} was edited by hand and is not overwritten: set label in it yourself`);
    expect(device.read(CONFIG)).toBe("device-id: kiosk-0001 # by hand\n");
  });

  test("so is one that stands elsewhere, behind a link", () => {
    device.place("/etc/by-hand.yaml", "device-id: kiosk-0001\n");
    device.place("/etc/gitfleet/others", "");
    symlinkSync("../by-hand.yaml", device.path(CONFIG));
    expect(install("--label", "role=till").code).toBe(1);
    expect(device.read("/etc/by-hand.yaml")).toBe("device-id: kiosk-0001\n");
    expect(device.read(CONFIG)).toBe("device-id: kiosk-0001\n");
  });

  test("the settings file of a package, all of it comments, is filled in, and its unit is used", () => {
    device.place(CONFIG, "# The name of this device.\n#device-id: kiosk-0001\n");
    device.place("/usr/lib/systemd/system/gitfleet-agent.service", "[Service]\n");
    const { code, stdout } = installKiosk();
    expect(code).toBe(0);
    expect(stdout).toContain(`replace ${CONFIG} (0600, root)\n`);
    expect(stdout).not.toContain(UNIT);
    expect(device.read(CONFIG)).toContain('device-id: "kiosk-0001"\n');
    expect(device.gitfleet("agent", "uninstall").stdout).toContain("a package put it there");
  });

  test("credentials that are there are kept, and another file is refused with exit code 1", () => {
    installKiosk();
    writeFileSync(creds, "another secret");
    const { code, stdout } = install("--nats-creds", creds);
    expect(code).toBe(1);
    expect(stdout).toContain(`NOT DONE: ${CREDENTIALS} is not overwritten`);
    expect(device.read(CREDENTIALS)).toBe(SECRET);
  });

  test("--print shows every file and command, and does nothing", () => {
    const { code, stdout } = installKiosk("--print");
    expect(code).toBe(0);
    expect(stdout).toContain(`write ${UNIT} (0644, root)\n    # Written by gitfleet.`);
    expect(stdout).toContain("run systemctl enable --now gitfleet-agent.service\n");
    expect(stdout).not.toContain("seed-of-kiosk");
    expect(existsSync(device.path("/etc/gitfleet"))).toBe(false);
    expect(device.commands()).toEqual([]);
  });

  test("without systemd writes the files, and names the commands and the program in the foreground", () => {
    device.remove();
    device = new DeviceRoot({ systemd: false });
    const { code, stdout, stderr } = installKiosk();
    expect(code).toBe(0);
    expect(existsSync(device.path(UNIT))).toBe(true);
    expect(stdout).toContain("left to you, because no systemd of that device runs here:\n  systemctl daemon-reload");
    expect(stderr).toMatch(/^or, in the foreground: \/.*\/bin\/gitfleet agent --config \/etc\/gitfleet\/agent\.yaml$/m);
    expect(device.commands()).toEqual([]);
  });

  test("a command that fails is named with what it said, and the next run goes on from there", () => {
    const systemctl = join(device.env["GITFLEET_TEST_ROOT"]!, "bin/systemctl");
    const works = readFileSync(systemctl, "utf8");
    writeFileSync(
      systemctl,
      works.replace('*" daemon-reload "*)', "$& echo 'Failed to reload: timed out' >&2; exit 1;"),
    );
    expect(installKiosk()).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("`systemctl daemon-reload` failed: Failed to reload: timed out"),
    });
    writeFileSync(systemctl, works);
    expect(install().stdout).toBe(
      "run systemctl enable --now podman.socket\nrun systemctl enable --now gitfleet-agent.service\n",
    );
  });
});

describe("what cannot be installed", () => {
  test.each([
    [["--device-id", "Kiosk 1"], "--device-id: a device id is 1 to 63 of a-z, 0-9 and -"],
    [[], "--device-id ID is missing"],
    [["--device-id", "k", "--nats-creds", "/nowhere.creds"], "there is no file /nowhere.creds"],
    [["--device-id", "k", "--nats-creds", "/etc"], "/etc is no file"],
    [["--device-id", "k", "--listen", "99999"], '--listen: "99999" is no address: write host:port, or off'],
    [["--device-id", "k", "--root", "/nowhere"], "there is no folder /nowhere"],
    [["--device-id", "k", "--state-dir", "state"], '--state-dir: "state" is not an absolute path'],
    [["--device-id", "k", "--exec", "gitfleet"], '--exec: "gitfleet" is not an absolute path'],
    [["--device-id", "k", "--user", "--root", "/"], "--user is for rootless podman, and root has none"],
    [["--device-id", "k", "--user"], "--user is for rootless podman, and root has none"],
    [["--device-id", "k", "--lable", "a=b"], "Did you mean --label?"],
  ])("%j: says why, with exit code 2, and does nothing", (options, words) => {
    const { code, stderr } = install(...options);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(existsSync(device.path("/etc/gitfleet"))).toBe(false);
  });
});

describe("gitfleet agent install --root", () => {
  test("writes into an image, for the whole machine or for a user", async () => {
    const root = join(scratch.path, "image");
    mkdirSync(root);
    const whole = await gitfleet([
      "agent",
      "install",
      "--root",
      root,
      "--device-id",
      "k",
      "--exec",
      "/usr/bin/gitfleet",
    ]);
    expect(whole.stdout).toContain(`systemctl --root ${root} enable podman.socket gitfleet-agent.service`);
    expect(readFileSync(join(root, UNIT), "utf8")).toContain(
      "\nExecStart=/usr/bin/gitfleet agent --config /etc/gitfleet/agent.yaml\n",
    );
    const user = ["agent", "install", "--user", "--root", root, "--device-id", "k", "--exec", "/usr/bin/gitfleet"];
    expect((await gitfleet(user, { env: { HOME: "/home/kim" } })).code).toBe(0);
    const unit = readFileSync(join(root, "home/kim/.config/systemd/user/gitfleet-agent.service"), "utf8");
    expect(unit).toContain("agent --config /home/kim/.config/gitfleet/agent.yaml\n");
  });
});

describe("an image with links", () => {
  test.each([
    { link: "etc", leadsTo: "a folder of this machine", isThere: true },
    { link: "var/lib", leadsTo: "a folder of this machine", isThere: true },
    { link: "etc/gitfleet", leadsTo: "nothing", isThere: false },
  ])("/$link that leads to $leadsTo is refused, and nothing is written or deleted there", async ({ link, isThere }) => {
    const root = join(scratch.path, "image");
    const outside = join(scratch.path, "outside");
    mkdirSync(dirname(join(root, link)), { recursive: true });
    symlinkSync(outside, join(root, link));
    if (isThere) mkdirSync(join(outside, "gitfleet/credentials"), { recursive: true });
    for (const words of [
      ["install", "--device-id", "k"],
      ["uninstall", "--purge"],
    ]) {
      const { code, stdout, stderr } = await gitfleet(["agent", ...words, "--root", root]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`gitfleet: ${join(root, link)}`);
      expect(stderr).toContain(` leads out of ${root}, `);
    }
    expect(existsSync(join(outside, "gitfleet/credentials"))).toBe(isThere);
    expect(existsSync(join(outside, "gitfleet/agent.yaml"))).toBe(false);
  });

  test("that stay within it are followed", async () => {
    const root = join(scratch.path, "image");
    mkdirSync(join(root, "data/etc"), { recursive: true });
    symlinkSync("data/etc", join(root, "etc"));
    expect((await gitfleet(["agent", "install", "--device-id", "k", "--root", root])).code).toBe(0);
    expect(readFileSync(join(root, "data", CONFIG), "utf8")).toContain('device-id: "k"');
  });
});

describe("gitfleet agent install --user", () => {
  const HOME = "/var/lib/home";

  test("installs for a user's own podman, in the home alone, to run without a login", () => {
    const { code, stdout } = device.gitfleetAsUser("agent", "install", "--user", "--device-id", "k");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("run loginctl enable-linger\n") });
    expect(device.commands()).toEqual([
      "systemctl --user daemon-reload",
      "systemctl --user enable --now podman.socket",
      "systemctl --user enable --now gitfleet-agent.service",
      "loginctl enable-linger",
    ]);
    expect(device.read(`${HOME}/.config/systemd/user/gitfleet-agent.service`)).toContain(
      `agent --config ${HOME}/.config/gitfleet/agent.yaml\n`,
    );
    expect(device.read(`${HOME}/.config/gitfleet/agent.yaml`)).toContain(
      `state-dir: "${HOME}/.local/state/gitfleet"\n`,
    );
    expect(existsSync(device.path("/etc/gitfleet"))).toBe(false);
    const { uid } = statSync(device.path(`${HOME}/.local/state/gitfleet`));
    expect(uid).toBe(65_534);
    expect(device.gitfleetAsUser("agent", "uninstall", "--user").stdout).toContain(
      "run systemctl --user disable --now",
    );
  });

  test("where only root may let services run without a login, all else is done, and the command for root is named", () => {
    device.breaks("loginctl", "Could not enable linger: Access denied");
    const { code, stdout, stderr } = device.gitfleetAsUser("agent", "install", "--user", "--device-id", "k");
    expect(code).toBe(3);
    expect(stdout).toContain("run systemctl --user enable --now gitfleet-agent.service\n");
    expect(stderr).toContain("Access denied");
    expect(stderr).toContain("Root can do the rest: sudo loginctl enable-linger USER");
  });

  test("an ordinary user is told how to install for the machine, and how for themselves", () => {
    const { code, stderr } = device.gitfleetAsUser("agent", "install", "--device-id", "k");
    expect(code).toBe(2);
    expect(stderr).toContain("only root may install the agent for the whole machine");
    expect(stderr).toContain("Run it with sudo, or with --user");
  });
});

describe("gitfleet agent uninstall", () => {
  test("stops and removes the service, keeps settings, credentials and state, and says what stays", () => {
    installKiosk();
    const told = device.commands().length;
    const { code, stdout } = device.gitfleet("agent", "uninstall");
    expect(code).toBe(0);
    expect(device.commands().slice(told)).toEqual([
      "systemctl disable --now gitfleet-agent.service",
      "systemctl daemon-reload",
    ]);
    expect(existsSync(device.path(UNIT))).toBe(false);
    expect(stdout).toContain(`keep ${CONFIG}, /etc/gitfleet/credentials, /var/lib/gitfleet: --purge deletes them`);
    expect(stdout).toContain("keep containers and their volumes");
    expect(device.read(CREDENTIALS)).toBe(SECRET);
    expect(device.gitfleet("agent", "uninstall").stdout).toContain("nothing to do: no agent is installed here");
    // All that was kept makes the next installation a single word.
    expect(install().code).toBe(0);
  });

  test("--purge deletes what gitfleet wrote, and nothing that was put beside it", () => {
    installKiosk();
    writeFileSync(device.path("/var/lib/gitfleet/of-somebody-else"), "");
    device.gitfleet("agent", "uninstall", "--purge");
    expect([CONFIG, "/etc/gitfleet"].map((path) => existsSync(device.path(path)))).toEqual([false, false]);
    expect(existsSync(device.path("/var/lib/gitfleet/of-somebody-else"))).toBe(true);
  });
});
