/** Server configurations in which a device may do only what it must: in one account, and in an account of its own. */

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

/** Two accounts: devices have no JetStream and reach the cloud's through imports. */
export function twoAccounts(): string {
  const services = [
    "$KV.device-state.state.>",
    "$KV.device-info.info.*",
    "$KV.device-heartbeat.heartbeat.*",
    `${CONSUME}.>`,
    `${DIRECT_GET}.>`,
  ];
  const local = (subject: string): string => `fleet.API.${subject.replace("$JS.API.", "")}`;
  const imports = services.map(
    (subject) => `{ service: { account: CLOUD, subject: "${subject}" }, to: "${local(subject)}" }`,
  );
  return `accounts {
    CLOUD: {
      jetstream: enabled
      users: [{ user: cloud, password: c }]
      exports: [
        ${[...services, FLOW_CONTROL].map((subject) => `{ service: "${subject}" }`).join(",\n")},
        { stream: "dlv.>" }
      ]
    }
    FLEET: {
      users: [{ user: ${DEVICE}, password: d, permissions: {
        publish: { allow: [
          "fleet.API.$KV.device-state.state.${DEVICE}.>", "fleet.API.$KV.device-info.info.${DEVICE}",
          "fleet.API.$KV.device-heartbeat.heartbeat.${DEVICE}",
          "${local(CONSUME)}.${DEVICE}.>", "${local(DIRECT_GET)}.${DEVICE}.>", "${FLOW_CONTROL}"
        ] },
        subscribe: { allow: ["_INBOX.${DEVICE}.>", "dlv.${DEVICE}.>"] }
      } }]
      imports: [
        ${imports.join(",\n")},
        { service: { account: CLOUD, subject: "${FLOW_CONTROL}" } },
        { stream: { account: CLOUD, subject: "dlv.>" } }
      ]
    }
  }`;
}
