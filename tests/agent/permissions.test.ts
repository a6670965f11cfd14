/** A device whose NATS user may do only what a device must: it still does all of its work. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLOUD_LOGIN, DEVICE, DEVICE_LOGIN, twoAccounts } from "#tests/support/device-accounts.ts";
import { until } from "#sandbox/until.ts";
import { Rig } from "./rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start("scoped", { device: DEVICE, config: twoAccounts(), cloud: CLOUD_LOGIN });
});

afterAll(async () => {
  await rig?.remove();
});

test(
  "a device with permissions of its own runs, reports, is restarted with NATS and removes",
  { timeout: 90_000 },
  async () => {
    // As deploy/nats says that such a device is started.
    const words = `--nats-inbox-prefix _INBOX.${DEVICE} --nats-api-prefix fleet.API --nats-deliver-prefix dlv.${DEVICE}`;
    expect(twoAccounts()).toContain(words);
    const agent = rig.startAgent({ login: DEVICE_LOGIN, args: words.split(" ") });
    const service = { name: "web", image: rig.registry.ref("web:1"), ports: ["8201:80"], stop_grace_seconds: 1 };
    await rig.rollOut("scoped", [service]);
    await rig.answers(8201, "web:1");
    await rig.nats.restart();
    await rig.rollOut("scoped", [{ ...service, image: rig.registry.ref("web:2") }]);
    await rig.answers(8201, "web:2");
    expect(rig.held.has(`device-info/info.${DEVICE}`)).toBe(true);
    expect(rig.held.has(`device-heartbeat/heartbeat.${DEVICE}`)).toBe(true);
    await rig.unwant("scoped");
    await until("its state is deleted", () => rig.state("scoped") === null);
    expect(await rig.containers("scoped")).toEqual([]);
    expect(await rig.stop(agent)).toBe(0);
  },
);
