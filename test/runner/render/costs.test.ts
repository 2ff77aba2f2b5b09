import { describe, expect, it } from 'vitest'
import { costTable } from '../../../src/runner/render/words/costs.ts'
import type { Ceiling } from '../../../src/runner/search/ceiling-schema.ts'
import type { Cost } from '../../../src/runner/search/cost.ts'

const plain: Cost = {
  ...{ ratePerS: 400, ofCeiling: 0.5, cpuMs: [{ name: 'all', ms: 90 }], serverCpuMs: null, diskBytes: 2_000 },
  ...{ flushes: 3, httpBytes: 900, storeBytes: 0, syncs: 0, storeCalls: 30, serverCommands: null },
}
const calls = (count: number, bytes: number | null = null) => ({ calls: count, bytes })
const tableOf = (...costs: Cost[]) => costTable({ costs } as unknown as Ceiling)!
const cellsOf = (name: string, ...costs: Cost[]) => tableOf(...costs).rows.find(([first]) => first === name)

describe('what 1,000 events cost, in words', () => {
  it('of a stack without servers says nothing of servers', () => {
    const { rows, notes } = tableOf(plain)
    expect(rows.map(([name]) => name)).toEqual([
      ...[
        'CPU of all',
        'written to disks here',
        'flushes of disks here',
        'HTTP, both ways',
        'calls on queue and ledger',
      ],
    ])
    expect(notes).toEqual([])
  })

  it('names the calls that servers took, those with most bytes too, and the rest together', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`CALL${at}`, calls(at + 1)]))
    const cost: Cost = {
      ...{ ...plain, serverCpuMs: 12, storeBytes: 5_000, serverCommands: 57, logBytes: 700 },
      ...{ servers: [{ kind: 'kafka', isHere: true }], serverCalls: { ...many, Produce: calls(12, 4_000) } },
    }
    const { rows, notes } = tableOf(cost, { ...cost, serverCalls: { Produce: calls(0.4, 10) } })
    expect(rows.slice(5)).toEqual([
      ['to and from servers', '5000 bytes', '5000 bytes'],
      ['calls on queue and ledger', '30', '30'],
      ['calls that the servers took', '57', '57'],
      ['… Produce', '12', '0.40'],
      ['… CALL8', '9.0', '0'],
      ...[7, 6, 5, 4].map((at) => [`… CALL${at}`, `${at + 1}.0`, '0']),
      ['… all others', '10', '0'],
      ['sent by Produce', '4000 bytes', '10 bytes'],
      ["growth of the servers' logs", '700 bytes', '700 bytes'],
    ])
    expect(notes).toEqual([])
  })

  it('has a – with its reason for what is not known of a server', () => {
    const cost: Cost = { ...plain, logBytes: null, servers: [{ kind: 'sqs', isHere: false }] }
    expect(cellsOf('CPU of the servers here', cost)).toEqual(['CPU of the servers here', '–'])
    expect(cellsOf('to and from servers', cost)).toEqual(['to and from servers', '–'])
    expect(cellsOf('calls that the servers took', cost)).toEqual(['calls that the servers took', '–'])
    expect(tableOf(cost).notes.map((note) => note.split(':')[0])).toEqual([
      ...['CPU of the servers', 'Calls', 'Growth of the logs'],
    ])
  })
})
