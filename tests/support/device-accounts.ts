/** Server configurations in which a device may do only what it must: in one account, and in an account of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "#tests/repository/files.ts";

/** A device's user name is its id. */
export const DEVICE = "kiosk-1";
export const CLOUD_LOGIN = { user: "cloud", pass: "c" };
export const DEVICE_LOGIN = { user: DEVICE, pass: "d" };

const CONSUME = "$JS.API.CONSUMER.CREATE.KV_desired-state.*.$KV.desired-state";
const DIRECT_GET = "$JS.API.DIRECT.GET.KV_desired-state.$KV.desired-state";
const FLOW_CONTROL = "$JS.FC.KV_desired-state.>";

/** One account: simple, and known to be unsafe against a hostile device. */
export function oneAccount(): string {
  return `authorization { users: [
    { user: cloud, password: c },
    { user: ${DEVICE}, password: d, permissions: {
      publish: { allow: [
        "$KV.device-state.state.${DEVICE}.>", "$KV.device-info.info.${DEVICE}", "$KV.device-heartbeat.heartbeat.${DEVICE}",
        "${CONSUME}.${DEVICE}.>", "${DIRECT_GET}.${DEVICE}.>", "${FLOW_CONTROL}"
      ] },
      subscribe: { allow: ["_INBOX.${DEVICE}.>"] }
    } }
  ] }`;
}

/** Two accounts, as deploy/nats shows them: devices have no JetStream and reach the cloud's through imports. */
export function twoAccounts(): string {
  return readFileSync(join(repositoryRoot, "deploy/nats/accounts.conf"), "utf8")
    .replace("$GITFLEET_CLOUD_PASSWORD", CLOUD_LOGIN.pass)
    .replace("$GITFLEET_KIOSK_0001_PASSWORD", DEVICE_LOGIN.pass)
    .replaceAll("kiosk-0001", DEVICE);
}
