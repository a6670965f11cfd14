/** What simulated devices write, and when: the same as real agents. */
import { describe, expect, test } from "vitest";
import { ensureBuckets } from "#nats/buckets.ts";
import { until } from "#sandbox/until.ts";
import { deploymentStateSchema, deviceInfoSchema, heartbeatSchema } from "#schema/wire.ts";
import { testLink } from "#tests/support/nats-fixture.ts";
import { digestOf, simulatedAgents, VALUE } from "./simulated-agents.ts";

/** One device a connection, all on one, and each with its own feed there. */
const WAYS = [{ connections: 4 }, { connections: 1 }, { connections: 2, ownFeeds: true }];

describe.each(WAYS)("simulated devices with %j", (ways) => {
  test("write info and a heartbeat at once, and states in the words of the contract", async () => {
    const { client, desire, settled } = await simulatedAgents(4, ways);
    await desire("web", "c0ffee");
    await settled(4);
    const [info, heartbeat, states] = [
      await client.contents("device-info"),
      await client.contents("device-heartbeat"),
      await client.contents("device-state"),
    ];
    expect([info.size, heartbeat.size, states.size]).toEqual([4, 4, 4]);
    expect(deviceInfoSchema.parse(JSON.parse(info.get("info.sim-2")!)).labels).toEqual({ role: "kiosk" });
    expect(heartbeatSchema.parse(JSON.parse(heartbeat.get("heartbeat.sim-2")!)).device_id).toBe("sim-2");
    expect(deploymentStateSchema.parse(JSON.parse(states.get("state.sim-2.web")!))).toMatchObject({
      device_id: "sim-2",
      deployment: "web",
      phase: "Running",
      last_error: null,
      desired_digest: digestOf(VALUE),
    });
  });

  test("write nothing that the bucket still holds when NATS comes back, and follow their keys again", async () => {
    const { server, simulation, desire, settled, lastSequence } = await simulatedAgents(4, ways);
    await desire("web", "c0ffee");
    await settled(4);
    const [before, sent] = [await lastSequence("device-state"), simulation.stateWrites()];
    await server.kill();
    await until("all have noticed", () => simulation.progress().connected === 0);
    await server.start();
    await until("all are back", () => simulation.isWhole());
    expect(await lastSequence("device-state")).toBe(before);
    expect(simulation.stateWrites()).toEqual(sent);
    await desire("api", "c0ffee2");
    await settled(8);
  });

  test("write again what buckets that were made anew lack", async () => {
    const { server, simulation, desire, settled, client } = await simulatedAgents(4, ways);
    await desire("web", "c0ffee");
    await settled(4);
    await server.wipe();
    const link = await testLink({ servers: [server.url] });
    await ensureBuckets(link, { replicas: 1 });
    await until("all is told again", async () => {
      const buckets = ["device-state", "device-info", "device-heartbeat"];
      const sizes = await Promise.all(buckets.map(async (bucket) => (await client.contents(bucket)).size));
      return sizes.every((size) => size === 4);
    });
    expect(simulation.progress().phases.Running).toBe(4);
  });
});

describe("simulated devices", () => {
  test("take back the states of what a marker removes, and nothing because a key is absent", async () => {
    const { client, desire, settled, simulation } = await simulatedAgents(2);
    await desire("web", "c0ffee");
    await settled(2);
    await client.mark("desired-state", "sim-0.web", "DEL");
    await settled(1);
    await until("its state is gone", async () => (await client.contents("device-state")).size === 1);
    await client.api("STREAM.PURGE.KV_desired-state");
    await desire("api", "c0ffee2");
    await settled(3);
    expect(simulation.progress().phases).toEqual({ Pending: 0, Running: 3, Failed: 0 });
  });

  test("restart and lose connections as often as they are told, and report everything all the same", async () => {
    const incidents = { connections: 5, restartsPerMinute: 600, disconnectsPerMinute: 600 };
    const agents = await simulatedAgents(5, incidents);
    for (let round = 1; round <= 5; round += 1) await agents.desire(`app-${round}`, `commit ${round}`);
    await until("accidents have happened", () => {
      const { restarts, cuts } = agents.simulation.tally();
      return restarts > 3 && cuts > 3;
    });
    await until("all is reported", () => {
      const { wanted, settled } = agents.simulation.progress();
      return wanted === 25 && settled === 25;
    });
    const { standing } = await agents.stop();
    expect(standing.wanted).toBe(25);
    const states = await agents.client.contents("device-state");
    expect([...states.values()].map((text) => (JSON.parse(text) as { phase: string }).phase)).toEqual(
      Array.from({ length: 25 }, () => "Running"),
    );
  });

  test("tell how long each commit took, by the clock of the server", async () => {
    const { desire, settled, stop } = await simulatedAgents(3, { connections: 3, delay: "200ms" });
    await desire("web", "c0ffee");
    await settled(3);
    await desire("web", "c0ffee2", VALUE.replace("web:1", "web:2"));
    await settled(3);
    const { commits } = await stop();
    expect(commits.map(({ commit, values }) => [commit, values])).toEqual([
      ["c0ffee", 3],
      ["c0ffee2", 3],
    ]);
    for (const { reported, settled: done } of commits) {
      expect([reported.count, done.count]).toEqual([3, 3]);
      expect(done.p50).toBeGreaterThanOrEqual(100);
      expect(reported.p50).toBeLessThanOrEqual(done.p50);
      expect(done.max).toBeGreaterThanOrEqual(done.p50);
    }
  });
});
