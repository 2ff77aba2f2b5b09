import { defineConfig } from 'vitest/config'

/** Tests of which some fail, for test/reporter.test.ts. */
export default defineConfig({
  test: {
    include: ['*.ts'],
    exclude: ['vitest.config.ts'],
    tags: [{ name: 'full', description: 'takes long', skip: true }],
  },
})
