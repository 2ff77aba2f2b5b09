import { defineConfig } from 'vitest/config'

/** A test that no time-out can end, for test/reporter.test.ts. */
export default defineConfig({
  test: { include: ['*.ts'], exclude: ['vitest.config.ts'], setupFiles: '../../watchdog.ts', maxWorkers: 1 },
})
