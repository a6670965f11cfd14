import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "out/**"],
    environment: "node",
    pool: "forks",
    // Most tests wait for servers, containers and clocks: three at a time keep two processors busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: ["default", "./tests/reporter.ts"],
  },
});
