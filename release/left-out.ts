/** Parts of other packages that gitfleet never calls: left out, they save a device megabytes and a native compiler. */
import type { Plugin } from "esbuild";

/** What is imported, by whom, and why nobody misses it. */
interface Part {
  readonly imported: RegExp;
  readonly by: RegExp;
  /** What takes its place. */
  readonly instead: string;
}

const NOTHING = "module.exports = {};";

const PARTS: readonly Part[] = [
  // podman is reached by a socket of the machine, never over SSH.
  { imported: /^ssh2$/, by: /\/docker-modem\//, instead: NOTHING },
  // Sessions and build contexts are for building images, which is not gitfleet's business.
  { imported: /^(@grpc\/.*|protobufjs|tar-fs|@balena\/dockerignore)$/, by: /\/dockerode\//, instead: NOTHING },
  // podman has no swarm and no plugins.
  { imported: /^\.\/(service|plugin|secret|config|task|node)$/, by: /\/dockerode\/lib\/docker\.js$/, instead: NOTHING },
  // Node's own streams are the same and are there already.
  { imported: /^readable-stream$/, by: /\/docker-modem\//, instead: 'module.exports = require("node:stream");' },
  { imported: /^debug$/, by: /\/docker-modem\//, instead: "module.exports = () => () => {};" },
  // Metrics of the Node process are not collected, summaries not used, exemplars not written.
  { imported: /\/defaultMetrics$/, by: /\/prom-client\//, instead: NOTHING },
  { imported: /^(tdigest|@opentelemetry\/api)$/, by: /\/prom-client\//, instead: NOTHING },
  // Logs are written where they arise, not by another thread.
  { imported: /^thread-stream$/, by: /\/pino\//, instead: NOTHING },
  // Servers are reached by TCP and TLS, and are measured by our own benchmark.
  { imported: /^\.\/(bench|ws_transport)$/, by: /\/@nats-io\/nats-core\//, instead: NOTHING },
];

/** Puts a stand-in where one of the parts is imported. */
export const leftOut: Plugin = {
  name: "left-out",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) => {
      const part = PARTS.find(({ imported, by }) => imported.test(path) && by.test(importer));
      return part === undefined ? null : { path, namespace: "left-out", pluginData: part.instead };
    });
    build.onLoad({ filter: /./, namespace: "left-out" }, ({ pluginData }) => ({ contents: pluginData as string }));
  },
};
