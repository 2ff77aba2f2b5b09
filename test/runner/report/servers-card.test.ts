import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../../src/runner/records/run-record.ts'
import { html } from '../../../src/runner/render/html.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { servers } from '../../../src/runner/report/cards/servers.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

const { folder, record } = await madeUpRun()
const [stack] = record.samples.stack
/** The record with 10 events applied in each half second. */
const working: RunRecord = {
  ...record,
  samples: {
    ...record.samples,
    stack: [{ ...stack!, samples: stack!.samples.map((sample, at) => ({ ...sample, applied: at * 10, backlog: at })) }],
  },
}
const rowsOf = async (of: RunRecord) => {
  const report = await summarise(folder, of)
  const { blocks } = servers.words(report.cards.servers!, report)
  return { report, blocks, rows: blocks.flatMap((block) => ('rows' in block ? block.rows : [])) }
}

describe('the servers in a report', () => {
  it('are told with what they used and what was asked of them, in all and for 1,000 events', async () => {
    const { rows, report } = await rowsOf(working)
    expect(rows).toEqual([
      ['CPU of the servers here', '400 ms', '2,500 ms'],
      ['to and from servers', '31.3 KiB', '195.3 KiB'],
      ['calls that the servers took', '816', '5,100'],
      ['… XADD', '800', '5,000'],
      ['… Produce', '16', '100'],
      ['sent by Produce', '14.1 KiB', '87.9 KiB'],
      ["growth of the servers' logs", '23.4 KiB', '146.5 KiB'],
      ['most in the queue at a time', '16', ''],
    ])
    expect(html(report)).toContain('Servers of queue and ledger')
    expect(html(report)).toContain('Redis counts the commands within scripts too')
    expect(terminal(report)).toContain('servers (redis and kafka): 2,500 ms of CPU, 5,100 calls, 195.3 KiB on the wire')
  })

  it('have a – with its reason for what is not known', async () => {
    const beside = record.samples.beside!.map((one) => ({ ...one, serverCpuMs: null, calls: null, logBytes: null }))
    const bare = stack!.samples.map(({ asked: _, ...sample }) => ({ ...sample, backlog: null }))
    const unknown = {
      ...record,
      samples: { ...record.samples, stack: [{ ...stack!, samples: bare }], beside },
      serverKinds: [{ kind: 'sqs', isHere: false }],
    }
    const { rows, blocks, report } = await rowsOf(unknown)
    expect(rows.map(([, value]) => value)).toEqual(['–', '–', '–', '–', '–'])
    const reasons = blocks.flatMap((block) => ('paragraph' in block ? block.paragraph : [])).join(' ')
    expect(reasons).toContain('CPU of the servers: –, since nobody knows the process of sqs')
    expect(reasons).toContain('Calls: –')
    expect(reasons).toContain('Growth of the logs: –')
    expect(terminal(report)).toContain('nothing is known of them')
  })

  it('are none where queue and ledger have none, and in runs of older versions', async () => {
    const { serverKinds: _, ...older } = record
    expect((await summarise(folder, older)).cards.servers).toBeUndefined()
    expect((await summarise(folder, { ...record, serverKinds: [] })).cards.servers).toBeUndefined()
  })
})
