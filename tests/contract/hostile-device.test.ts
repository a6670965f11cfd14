/** A device that was taken over, with nothing but its own login: in the accounts of deploy/nats it can harm itself alone. */
import { ensureBuckets } from "#nats/buckets.ts";
import { until } from "#sandbox/until.ts";
import { CLOUD_LOGIN, DEVICE, DEVICE_LOGIN, oneAccount, twoAccounts } from "#tests/support/device-accounts.ts";
import type { PlainClient } from "#tests/support/plain-client.ts";
import { testClient, testLink, testServer } from "#tests/support/nats-fixture.ts";
import { headers } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";

/** What another device should run. */
const OTHERS = "another's";

/** What it tries: the server itself is made to act, by what is named as the address of its answer. */
const ATTACKS = [
  {
    title: "deletes what all devices should run",
    subject: `DIRECT.GET.KV_desired-state.$KV.desired-state.${DEVICE}.none`,
    reply: "$JS.API.STREAM.DELETE.KV_desired-state",
    harm: "nothing",
  },
  {
    title: "empties what all devices should run",
    subject: `DIRECT.GET.KV_desired-state.$KV.desired-state.${DEVICE}.none`,
    reply: "$JS.API.STREAM.PURGE.KV_desired-state",
    harm: "nothing",
  },
  {
    title: "writes what another device should run",
    subject: `$KV.device-state.state.${DEVICE}.web`,
    reply: "$KV.desired-state.kiosk-2.web",
    harm: expect.stringContaining('"seq":') as string,
  },
];

async function world(config: string): Promise<{ cloud: PlainClient; device: PlainClient }> {
  const server = await testServer({ config });
  const login = `//${CLOUD_LOGIN.user}:${CLOUD_LOGIN.pass}@`;
  await ensureBuckets(await testLink({ servers: server.url.replace("//", login) }), { replicas: 1 });
  const cloud = await testClient(server.url, CLOUD_LOGIN);
  await cloud.put("desired-state", "kiosk-2.web", OTHERS);
  await cloud.put("device-state", "state.kiosk-2.web", OTHERS);
  return { cloud, device: await testClient(server.url, DEVICE_LOGIN) };
}

/** What the other device should run now; `nothing` where the key or its bucket is gone. */
async function wanted(cloud: PlainClient): Promise<string> {
  const answer = await cloud.api("STREAM.MSG.GET.KV_desired-state", { last_by_subj: "$KV.desired-state.kiosk-2.web" });
  const message = answer["message"] as { readonly data?: string } | undefined;
  return message === undefined ? "nothing" : Buffer.from(message.data ?? "", "base64").toString("utf8");
}

/** Resolves when the server has dealt with all that the device has sent: what it says last has arrived. */
async function settled(device: PlainClient, cloud: PlainClient): Promise<void> {
  device.connection.publish(`fleet.API.$KV.device-state.state.${DEVICE}.last`, "{}");
  await until("the last word arrives", async () => (await cloud.contents("device-state")).has(`state.${DEVICE}.last`));
}

describe.each(ATTACKS)("a device that $title", ({ subject, reply, harm }) => {
  test("succeeds in one account, whatever its permissions", async () => {
    const { cloud, device } = await world(oneAccount());
    const inOneAccount = subject.startsWith("DIRECT") ? `$JS.API.${subject}` : subject;
    device.connection.publish(inOneAccount, "{}", { reply });
    const found = await until("the harm is done", async () => {
      const value = await wanted(cloud);
      return value === OTHERS ? null : value;
    });
    expect(found).toEqual(harm);
  });

  test("fails in an account of its own", async () => {
    const { cloud, device } = await world(twoAccounts());
    device.connection.publish(`fleet.API.${subject}`, "{}", { reply });
    await settled(device, cloud);
    expect(await wanted(cloud)).toBe(OTHERS);
  });
});

test("a device that wipes what devices say by one header is refused", async () => {
  const { cloud, device } = await world(twoAccounts());
  const all = headers();
  all.set("Nats-Rollup", "all");
  device.connection.publish(`fleet.API.$KV.device-state.state.${DEVICE}.web`, "mine", { headers: all });
  await settled(device, cloud);
  const keys = [...(await cloud.contents("device-state")).keys()];
  expect(keys.toSorted()).toEqual([`state.${DEVICE}.last`, "state.kiosk-2.web"]);
});
