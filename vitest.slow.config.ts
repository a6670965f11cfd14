/** Tests that take longer than a minute: `npm run test:slow`. They run one after the other, so that each has the machine to itself. */
import { defineConfig, mergeConfig } from "vitest/config";
import shared from "./vitest.config.ts";

const slow = mergeConfig(shared, defineConfig({}));
slow.test = {
  ...slow.test,
  include: ["**/*.slow.ts"],
  maxWorkers: 1,
  fileParallelism: false,
  testTimeout: 600_000,
  hookTimeout: 300_000,
  passWithNoTests: true,
};

export default slow;
