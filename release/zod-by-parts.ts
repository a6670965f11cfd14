/** Lets the bundler see which parts of zod are used: half a megabyte of languages and checks is not. */
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const WHOLE = 'import { z } from "zod"';
const BY_PARTS = 'import * as z from "zod"';

/** Reads both ways of importing zod as the one that bundlers can take apart; to Node they mean the same. */
export const zodByParts: Plugin = {
  name: "zod-by-parts",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return text.includes(WHOLE) ? { contents: text.replace(WHOLE, BY_PARTS), loader: "ts" } : null;
    });
  },
};
