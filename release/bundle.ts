/** Compiles gitfleet with what it needs of other packages: JavaScript that runs without TypeScript and node_modules. */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { leftOut } from "./left-out.ts";
import { zodByParts } from "./zod-by-parts.ts";

/** Which sources, and where the result goes. */
export interface BundleOptions {
  /** The checkout. */
  readonly root: string;
  /** A folder for the command line, a file for the agent. */
  readonly out: string;
}

// CommonJS packages ask for Node's own modules by `require`, which modules of the other kind do not have.
const REQUIRE = 'import { createRequire } from "node:module";const require=createRequire(import.meta.url);';

/** The whole command line as modules that are loaded when their command is. Names stay readable: so do stack traces. */
export async function bundleCommandLine({ root, out }: BundleOptions): Promise<Metafile> {
  return await bundled({
    ...common(root),
    entryPoints: ["cli/main.ts"],
    outdir: out,
    format: "esm",
    target: "node22",
    splitting: true,
    outExtension: { ".js": ".mjs" },
    banner: { js: REQUIRE },
    minifySyntax: true,
    minifyWhitespace: true,
  });
}

/** What a device runs as one small file. CommonJS, because single executables take nothing else. */
export async function bundleAgent({ root, out }: BundleOptions): Promise<Metafile> {
  return await bundled({
    ...common(root),
    entryPoints: ["cli/device-main.ts"],
    outfile: out,
    format: "cjs",
    target: "node24",
    minify: true,
  });
}

function common(root: string): BuildOptions {
  return {
    absWorkingDir: root,
    bundle: true,
    // A checkout may borrow its node_modules from another: what is in it keeps its place.
    preserveSymlinks: true,
    platform: "node",
    // The licences of what is in there are in a file of their own.
    legalComments: "none",
    plugins: [leftOut, zodByParts],
    logLevel: "error",
  };
}

async function bundled(options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({ ...options, metafile: true });
  return metafile;
}
