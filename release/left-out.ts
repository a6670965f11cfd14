/** Parts of other packages that gitfleet never calls: left out, they save a device megabytes and a native compiler. */
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** What is imported, and by whom. In its place comes a text, or a file of this folder. */
interface Part {
  readonly imported: RegExp;
  readonly by: RegExp;
  readonly instead: { readonly text: string } | { readonly file: string };
}

const NAMESPACE = "left-out";
const NOTHING = { text: "module.exports = {};" };

const PARTS: readonly Part[] = [
  // podman is reached by a socket of the machine, never over SSH.
  { imported: /^ssh2$/, by: /\/docker-modem\//, instead: NOTHING },
  // Sessions and build contexts are for building images, which is not gitfleet's business.
  { imported: /^(@grpc\/.*|protobufjs|tar-fs|@balena\/dockerignore)$/, by: /\/dockerode\//, instead: NOTHING },
  { imported: /^\.\/session$/, by: /\/dockerode\/lib\/docker\.js$/, instead: NOTHING },
  // podman has no swarm and no plugins.
  { imported: /^\.\/(service|plugin|secret|config|task|node)$/, by: /\/dockerode\/lib\/docker\.js$/, instead: NOTHING },
  // Node's own streams are the same and are there already.
  {
    imported: /^readable-stream$/,
    by: /\/docker-modem\//,
    instead: { text: 'module.exports = require("node:stream");' },
  },
  { imported: /^debug$/, by: /\/docker-modem\//, instead: { text: "module.exports = () => () => {};" } },
  // Metrics of the Node process are our own, summaries are not used, exemplars not written.
  { imported: /\/defaultMetrics$/, by: /\/prom-client\//, instead: NOTHING },
  {
    imported: /^(@opentelemetry\/api|\.\/lib\/(summary|pushgateway|cluster))$/,
    by: /\/prom-client\//,
    instead: NOTHING,
  },
  // Servers are reached by TCP and TLS, and are measured by our own benchmark.
  { imported: /^\.\/(bench|ws_transport)$/, by: /\/@nats-io\/nats-core\//, instead: NOTHING },
  // Node signs, too.
  { imported: /^tweetnacl$/, by: /\/@nats-io\/nkeys\//, instead: { file: "node-ed25519.cjs" } },
];

/** Puts a stand-in where one of the parts is imported. */
export const leftOut: Plugin = {
  name: "left-out",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) => {
      const part = PARTS.find(({ imported, by }) => imported.test(path) && by.test(importer));
      if (part === undefined) return null;
      if ("file" in part.instead) return { path: join(import.meta.dirname, part.instead.file) };
      return { path, namespace: NAMESPACE, pluginData: part.instead.text };
    });
    build.onLoad({ filter: /./, namespace: NAMESPACE }, ({ pluginData }) => ({ contents: pluginData as string }));
  },
};
