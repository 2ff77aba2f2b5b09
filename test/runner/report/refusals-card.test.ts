import { expect, it } from 'vitest'
import type { RunRecord } from '../../../src/runner/records/run-record.ts'
import { html } from '../../../src/runner/render/html.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

const { folder, record } = await madeUpRun()
const [stack] = record.samples.stack

const refusing = (refused: (at: number) => Partial<Record<'busy' | 'unavailable' | 'slow', number>>): RunRecord => ({
  ...record,
  samples: {
    ...record.samples,
    stack: [{ ...stack!, samples: stack!.samples.map((sample, at) => ({ ...sample, refused: refused(at) })) }],
  },
})

it('a report says why the stack refused what it refused, over the lives of its processes', async () => {
  // The process starts again after 10 samples, and counts from nothing.
  const report = await summarise(
    folder,
    refusing((at) => ({ busy: at < 10 ? at * 100 : (at - 10) * 100, ...(at > 3 && { unavailable: 13 }) })),
  )
  expect(report.cards.refusals).toEqual({ byReason: { busy: 1_500, unavailable: 13 }, unarrived: 0 })
  const line =
    'requests that the stack refused: 1,500 as more was in progress, or held, than allowed; 13 as it could not be stored'
  expect(terminal(report)).toContain(line)
  expect(html(report)).toContain(line)
  expect(html(report)).toContain('Load was shed')
})

it('a report says nothing of refusals where there were none, and in runs of older versions', async () => {
  const older = stack!.samples.map(({ refused: _, ...sample }) => sample)
  const olderRecord = { ...record, samples: { ...record.samples, stack: [{ ...stack!, samples: older }] } }
  for (const of of [olderRecord, refusing(() => ({}))])
    expect((await summarise(folder, of)).cards.refusals).toBeUndefined()
})
