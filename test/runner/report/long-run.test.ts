import { expect, it } from 'vitest'
import type { RunRecord } from '../../../src/runner/records/run-record.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

/** More than one call takes as arguments: a process that is looked at twice a second for a day and a half has so many samples. */
const SAMPLES = 250_000
const many = <T>(few: readonly T[]): T[] => Array.from({ length: SAMPLES }, (_, at) => few[at % few.length]!)

it('a run of any length has a report', async () => {
  const { folder, record } = await madeUpRun()
  const { stack } = record.samples
  const machine = record.machine!
  const long: RunRecord = {
    ...record,
    machine: { ...machine, samples: many(machine.samples.map((one) => ({ ...one, wallDriftMs: 1_000 }))) },
    samples: {
      ...record.samples,
      stack: stack.map(({ name, samples }) => ({ name, samples: many(samples) })),
    },
  }
  const { processes } = await summarise(folder, long)
  expect(processes[0]!.rssMaxBytes).toBe(Math.max(...stack[0]!.samples.map(({ rssBytes }) => rssBytes)))
})
