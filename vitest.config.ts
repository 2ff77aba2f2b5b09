import { defineConfig } from 'vitest/config'

/** Whole runs measure: two at once would measure each other. `npm test` (test/all.ts) runs the two projects side by side. */
const RUNS = ['test/runner/**/*.test.ts', 'test/scenarios/**/*.test.ts', 'test/bench/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'runs', include: RUNS, testTimeout: 20_000, fileParallelism: false } },
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [...RUNS, '**/node_modules/**'],
          testTimeout: 20_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
