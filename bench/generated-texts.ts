/** The parts of made-up documents that vary with the seed. */

/** What makes one deployment different from the next. */
export interface DeploymentTraits {
  readonly index: number;
  readonly revision: number;
  /** On the device. */
  readonly port: number;
  /** True: a value on the wire says which device it is for. */
  readonly templated: boolean;
}

const SEED = 20_260_422;
const SITES = ["berlin", "paris", "madrid", "oslo", "porto", "vienna", "zurich", "turin"];
const ROLES = ["kiosk", "till", "gateway", "player"];
const IMAGES = ["nginx", "redis", "telegraf", "mosquitto", "chrony"];

/** The labels of a device, without its group. */
export function labelsOf(index: number): Record<string, string> {
  const number = mixed(index);
  return {
    fleet: "bench",
    site: pick(SITES, number),
    role: pick(ROLES, number >>> 8),
    rack: `r${(number >>> 16) % 64}`,
    "hardware.example.com/model": `m${number % 7}`,
  };
}

/** The score of a deployment, with one or two services, about one kilobyte. */
export function scoreOf({ index, revision, port, templated }: DeploymentTraits): string {
  const number = mixed(index ^ SEED);
  const image = `registry.example.com/shop/${pick(IMAGES, number)}:1.${index % 30}.${revision}`;
  const identity = templated ? "${device.id}-${device.labels.site}" : `app-${index}`;
  return `  score:
    type: PodmanV0
    data:
      services:
        - name: main
          image: ${image}
          ports: ["${port}:80"]
          env:
            - {name: MODE, value: prod}
            - {name: IDENTITY, value: "${identity}"}
            - {name: LIMIT, value: "${number % 1_000}"}
          volumes:
            - {source: data, target: /data, read_only: false}
          health:
            command: ["wget", "-qO-", "http://localhost"]
            interval_seconds: 10
            retries: 3
          resources: {memory_bytes: 134217728, cpus: 0.5}
          restart_policy: unless-stopped
        - name: sidecar
          image: registry.example.com/shop/exporter:0.${number % 9}.1
          command: ["exporter", "--target", "http://main", "--every", "15s"]
          stop_grace_seconds: 5
`;
}

function pick<T>(list: readonly T[], number: number): T {
  const item = list[number % list.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** A well-mixed 32-bit number for an index (the finaliser of MurmurHash3). */
function mixed(index: number): number {
  let hash = (index ^ SEED) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
