/** How a device's feed comes back: it asks first whether it missed anything, and asks for the dear thing when the server has time. */
import { startFeed } from "#nats/feed.ts";
import { until } from "#sandbox/until.ts";
import { ANYBODY, denyingServer } from "#tests/support/denied-user.ts";
import { mirrorFeed } from "#tests/support/feed-mirror.ts";
import { BUCKET, consumerNames, createBucket, expectTruth, world, type World } from "#tests/support/feed-world.ts";
import { testClient, testLink } from "#tests/support/nats-fixture.ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";

/** Longer than an answer may take from a server that is not busy. */
const BUSY_MS = 400;
/** Shorter than the pause that a feed makes then: ten times what an answer took longer than it does of a server with time. */
const SOON_MS = 1_000;

/** Makes the link's looks take as long as with a busy server; counts them. */
function busy(link: World["link"]): { looks: () => number; idle: () => void } {
  const put = link.questions.put.bind(link.questions);
  let looks = 0;
  const spy = vi.spyOn(link.questions, "put").mockImplementation((question, asker) => {
    if (!question.subject.includes(".DIRECT.GET.")) {
      put(question, asker);
      return;
    }
    const beganMs = performance.now();
    put(question, {
      failed: (error) => asker.failed(error),
      answered: (answer) => {
        looks += 1;
        const isLate = (): boolean => performance.now() - beganMs > BUSY_MS;
        void until("a busy server answers", isLate).then(() => asker.answered(answer));
      },
    });
  });
  return { looks: () => looks, idle: () => spy.mockRestore() };
}

async function cut({ proxy, mirror }: World, meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
  proxy.shut();
  await until("the loss is noticed", () => !mirror.feed.synced());
  await meanwhile();
  proxy.open();
}

describe("a restricted feed that comes back to a busy server", () => {
  test("knows that it missed nothing before it asks for a consumer, and hears of what comes then", async () => {
    const it = await world({ restricted: true });
    const { looks } = busy(it.link);
    const before = it.mirror.log.length;
    await cut(it);
    await until("it knows", () => it.mirror.feed.synced());
    expect(looks()).toBe(1);
    expect(it.mirror.feed.follows()).toBe(false);
    await it.client.put(BUCKET, "kiosk-1.web", "meanwhile");
    await until("it is told of what changed in between", () => it.mirror.values.get("kiosk-1.web") === "meanwhile");
    await until("it hears of changes as they happen", () => it.mirror.feed.follows());
    await it.client.put(BUCKET, "kiosk-2.web", "then");
    await expectTruth(it);
    expect(it.mirror.log.slice(before)).toEqual(["put kiosk-1.web meanwhile", "put kiosk-2.web then"]);
  });

  test("is not in sync before it is told of what it missed", async () => {
    const it = await world({ restricted: true });
    busy(it.link);
    const missing: boolean[] = [];
    await cut(it, async () => await it.client.put(BUCKET, "kiosk-1.web", "missed"));
    await until("it is in sync", () => {
      if (!it.mirror.feed.synced()) return false;
      missing.push(it.mirror.values.get("kiosk-1.web") !== "missed");
      return true;
    });
    expect(missing).toEqual([false]);
    expect(it.mirror.feed.follows()).toBe(true);
  });

  test("says that it is not in sync when it is lost again before it follows", async () => {
    const it = await world({ restricted: true });
    busy(it.link);
    await cut(it);
    await until("it knows", () => it.mirror.feed.synced());
    expect(it.mirror.feed.follows()).toBe(false);
    await cut(it, async () => await it.client.mark(BUCKET, "kiosk-1.web", "DEL"));
    await until("it is told of the second outage", () => !it.mirror.values.has("kiosk-1.web"));
    await expectTruth(it);
    expect(it.mirror.signals.filter((signal) => signal.startsWith("unsynced"))).toHaveLength(2);
  });

  test("stops at once, whatever it waits for", async () => {
    const it = await world({ restricted: true });
    busy(it.link);
    await cut(it);
    await until("it knows", () => it.mirror.feed.synced());
    const askedFor = await consumerNames(it.client);
    let hasEnded = false;
    void it.mirror.stop().finally(() => (hasEnded = true));
    await until("it has ended before its pause is over", () => hasEnded, { limitMs: SOON_MS });
    expect(await consumerNames(it.client)).toEqual(askedFor);
  });

  test("ends at once where it is stopped while it asks", async () => {
    const it = await world({ restricted: true });
    const put = it.link.questions.put.bind(it.link.questions);
    let asks = false;
    vi.spyOn(it.link.questions, "put").mockImplementation((question, asker) => {
      asks = question.subject.includes(".DIRECT.GET.");
      // A server that says nothing: what is asked can only be given up.
      if (asks) question.signal?.addEventListener("abort", () => asker.failed(new Error("given up")));
      else put(question, asker);
    });
    await cut(it);
    await until("it asks", () => asks);
    let hasEnded = false;
    void it.mirror.stop().finally(() => (hasEnded = true));
    await until("it has ended", () => hasEnded, { limitMs: SOON_MS });
    expect(it.mirror.feed.follows()).toBe(false);
  });

  test("ends at once where it is stopped by who hears that it is in sync", async () => {
    const it = await world({ restricted: true });
    let hears = false;
    let hasEnded = false;
    const feed = startFeed(
      it.link,
      { bucket: BUCKET, filter: "kiosk-1.>", restricted: true },
      {
        change: () => {},
        synced: () => {
          if (hears) void feed.stop().finally(() => (hasEnded = true));
        },
        unsynced: () => (hears = true),
      },
    );
    onTestFinished(() => feed.stop());
    await until("it follows", () => feed.follows());
    const { looks } = busy(it.link);
    await cut(it);
    await until("it has asked", () => looks() > 0);
    await until("it has ended before its pause is over", () => hasEnded, { limitMs: BUSY_MS + SOON_MS });
    expect(feed.follows()).toBe(false);
  });
});

describe("a restricted feed that comes back to a server with time", () => {
  test("follows at once", async () => {
    const it = await world({ restricted: true });
    await cut(it);
    await until("it follows", () => it.mirror.feed.follows());
    await it.client.put(BUCKET, "kiosk-1.web", "afterwards");
    await until("it hears of it", () => it.mirror.values.get("kiosk-1.web") === "afterwards");
    expect(it.mirror.broken).toEqual([]);
  });

  test("notices what was purged without a marker meanwhile, though nothing is newer", async () => {
    const it = await world({ restricted: true });
    await cut(
      it,
      async () => await it.client.api("STREAM.PURGE.KV_desired-state", { filter: `$KV.${BUCKET}.kiosk-3.web` }),
    );
    await until("it is told", () => it.mirror.log.includes("absent kiosk-3.web"));
    await expectTruth(it);
    expect(it.mirror.values.has("kiosk-3.web")).toBe(false);
  });
});

test("a device that may not look is refused once, and follows all the same", async () => {
  const { server, deniedUrl } = await denyingServer("$JS.API.DIRECT.GET.>");
  const client = await testClient(server.url, ANYBODY);
  await createBucket(client);
  const link = await testLink({ servers: [deniedUrl] });
  const refusals: string[] = [];
  link.onRefusal(({ subject }) => void refusals.push(subject));
  const mirror = mirrorFeed(link, { bucket: BUCKET, filter: "kiosk-1.>", restricted: true });
  onTestFinished(() => mirror.stop());
  await until("it follows", () => mirror.feed.follows());
  for (const value of ["first", "second"]) {
    await server.restart();
    await client.put(BUCKET, "kiosk-1.web", value);
    await until("it follows again", () => mirror.feed.follows() && mirror.values.get("kiosk-1.web") === value);
  }
  expect(refusals).toEqual([`$JS.API.DIRECT.GET.KV_${BUCKET}.$KV.${BUCKET}.kiosk-1.>`]);
});
