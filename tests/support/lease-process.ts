/** A process of its own that tries to hold the lease: `node lease-process.ts URL ID DURATION_MS`. Says what happens on stdout; SIGTERM releases. */
import { connectNats } from "#nats/connect.ts";
import { startLease } from "#nats/lease.ts";
import { natsOptionsSchema } from "#nats/options.ts";
import { silentLogger } from "#runtime/logger.ts";

const [, , url = "", id = "", durationMs = ""] = process.argv;
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const link = await connectNats(natsOptionsSchema.parse({ servers: url }), { name: id, logger: silentLogger });
const lease = startLease(link, {
  id,
  durationMs: Number(durationMs),
  onAcquired: () => say("acquired"),
  onLost: (reason) => say(`lost ${reason}`),
});
say("started");

// What a writer would see that asks before each write, most of all in the first moment after a freeze.
let heldBefore = false;
const look = (): void => {
  const holds = lease.holds();
  if (holds !== heldBefore) say(holds ? "holds" : "holds not");
  heldBefore = holds;
  setImmediate(() => setTimeout(look, 1));
};
look();

process.once("SIGTERM", () => {
  void lease.release().then(async () => {
    await link.close();
    process.exit(0);
  });
});
