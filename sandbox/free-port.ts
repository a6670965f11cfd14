/** A port of 127.0.0.1 that nobody listens on at this moment. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** Resolves with `preferred` where that is free, else with one that the system chooses. */
export async function freePort(preferred = 0): Promise<number> {
  const probe = createServer();
  try {
    probe.listen(preferred, "127.0.0.1");
    await once(probe, "listening");
  } catch (error) {
    if (preferred === 0) throw error;
    return await freePort();
  }
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
