import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "assembly/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts", "fixtures/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are the smallest machine the suite must do well on; several suites start machines of their own.
    maxWorkers: 2,
    reporters: ["default"],
  },
});
