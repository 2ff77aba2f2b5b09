import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // Whole runs measure: two at once would measure each other.
    fileParallelism: false,
  },
})
