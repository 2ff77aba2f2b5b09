import { availableParallelism } from 'node:os'
import { defineConfig, type TestTagDefinition } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What a test costs is declared once: `// @module-tag full` for a file, `{ tags: 'full' }` for a suite or a test. */
const TAGS: TestTagDefinition[] = [
  { name: 'full', description: 'takes long; FULL=1 npm test runs it too', skip: process.env.FULL !== '1' },
]

/** Most files wait, for brokers and for the time that a run lasts, so more of them run at once than there are cores. */
const AT_ONCE = Math.min(8, 2 * availableParallelism())
/** Tests that a file runs side by side where it says so: whole runs that send little and mostly wait, with nothing else beside. */
const AT_ONCE_IN_A_FILE = 2

/** What they show depends on rates and latencies, or on when things took place: nothing else runs beside them. */
const MEASURING = [
  'test/contract/queue-suite.test.ts',
  'test/runner/calibration/planted.test.ts',
  'test/product/service/conformance.test.ts',
  'test/runner/live/live-browser.test.ts',
  'test/runner/simulation/simulation-agrees.test.ts',
  'test/runner/testbed/stall.test.ts',
  'test/scenarios/attack.test.ts',
  'test/scenarios/retry-storm.test.ts',
  'test/scenarios/rolling-deploy.test.ts',
]

/** Those that take longest begin first, so that none is left alone at the end. */
const LONGEST =
  `simulation kill-matrix brokers-faults brokers bites bottlenecks kafka-cluster serve-work docs/commands compare interrupted
  ledger-outage kafkajs slow-key kafka kafka-hung sqs-fifo reconcile altered package sqs server-counts live-numbers kafka-places
  supervisor-kills scenario receivers durability postgres-effects sqs-faults bullmq embedded-memory own-files poison hang replay
  own-queue large-payload duplicate-storm few-descriptors`.split(/\s+/)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return at < 0 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}

const beside = {
  name: 'beside',
  include: ['test/**/*.test.ts'],
  exclude: [...MEASURING, '**/node_modules/**'],
  maxWorkers: AT_ONCE,
}
const alone = { name: 'alone', include: MEASURING, maxWorkers: 1 }
/** No test asserts a time: these end what hangs, also where two cores are shared by many. */
const PATIENCE = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 90_000 } } }
const common = {
  ...PATIENCE,
  setupFiles: 'test/watchdog.ts',
  maxConcurrency: AT_ONCE_IN_A_FILE,
  tags: TAGS,
  diff: { truncateThreshold: 100 },
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...common, ...beside, sequence: { groupOrder: 0 } } },
      { test: { ...common, ...alone, sequence: { groupOrder: 1 } } },
    ],
  },
})
