/**
 * Exits with 0 where the program of this container says that it is well: the health check of the image.
 * It asks where GITFLEET_LISTEN says that it answers, else where reconciler and status bot answer by default.
 */
const LIMIT_MS = 4_000;
const DEFAULT_PORTS = ["9280", "9281"];

const listen = process.env.GITFLEET_LISTEN ?? "";
const [, host = "", port] = /^(.*):(\d+)$/.exec(listen) ?? [];
const isEverywhere = ["", "0.0.0.0", "[::]"].includes(host);
const addresses = (port === undefined ? DEFAULT_PORTS : [port]).map(
  (at) => `${isEverywhere ? "localhost" : host}:${at}`,
);

async function isWell(address) {
  try {
    return (await fetch(`http://${address}/healthz`, { signal: AbortSignal.timeout(LIMIT_MS) })).ok;
  } catch {
    return false;
  }
}

// Nothing answers where it was turned off: that the program runs is all that can be known.
const answers = listen === "off" ? [true] : await Promise.all(addresses.map(isWell));
process.exitCode = answers.includes(true) ? 0 : 1;
