import { describe, expect, it } from 'vitest'
import { FLOWS, type MeterReading } from '../../../src/runner/records/meters/meter-reading.ts'
import { besideOf, callsBetween, grown, sumOfCalls, usagesOf } from '../../../src/runner/report/usage.ts'
import { costOf, costsOf } from '../../../src/runner/search/cost.ts'

/** Since the start of a process that does one thing of everything in each ms. */
function readingAt(ms: number): MeterReading {
  const flow = { calls: ms, items: 2 * ms, tookMs: 3 * ms, inHandMs: 3 * ms }
  return {
    flows: Object.fromEntries(FLOWS.map((name) => [name, flow])) as MeterReading['flows'],
    ...{ mainCpuMs: 0.5 * ms, threadsCpuMs: 0.25 * ms, gcMs: 0.1 * ms, syncs: ms, syncMs: 2 * ms },
    ...{ loopDelayMaxMs: ms / 100, servedBytes: 4 * ms, askedBytes: 0, listenOverflows: 7 },
  }
}
const stack = [0, 500, 1_000, 1_500, 2_000, 2_500].map((atMs) => ({
  ...{ atMs, applied: 4 * atMs, buried: 0, failed: 0, duplicates: 0, differing: 0, circuitsOpened: 0, circuitsOpen: 0 },
  ...{ backlog: 0, cpuSeconds: atMs / 2_000, rssBytes: 1, eventLoopUtilization: 0.4, meters: readingAt(atMs) },
  asked: { bytes: 0, calls: { Produce: { calls: atMs / 10, bytes: 5 * atMs } } },
}))
const beside = [0, 1_000, 2_000].map((atMs) => ({
  atMs,
  serverCpuMs: atMs / 10,
  calls: { GET: { calls: 3 * atMs, bytes: null } },
  logBytes: 11 * atMs,
  diskBytes: 7 * atMs,
  flushes: null,
}))
const servers = [{ kind: 'redis', isHere: true }]
const record = {
  samples: { stack: [{ name: 'receiver + processor', samples: stack }], senders: [], beside },
  serverKinds: servers,
}

describe('what a process used in a stretch of a run', () => {
  it('is what lies between its first and last sample there', () => {
    const [usage, ...others] = usagesOf(record, 400, 2_100)
    expect(others).toEqual([])
    expect(usage).toMatchObject({
      ...{ name: 'receiver + processor', spanMs: 1_500, applied: 6_000, cpuMs: 750, mainCpuMs: 750, threadsCpuMs: 375 },
      ...{ loopBusy: expect.closeTo(0.4), loopDelayMaxMs: 20, syncs: 1_500, syncMs: 3_000 },
      ...{ servedBytes: 6_000, askedBytes: 0, listenOverflows: 0, calls: { Produce: { calls: 150, bytes: 7_500 } } },
    })
    expect(usage!.flows.claims).toEqual({ calls: 1_500, items: 3_000, tookMs: 4_500, inHandMs: 4_500 })
  })

  it('is nothing without meters, or with one sample', () => {
    expect(usagesOf(record, 400, 600)).toEqual([])
    const bare = stack.map(({ meters: _, ...sample }) => sample)
    expect(usagesOf({ samples: { stack: [{ name: 'receiver', samples: bare }], senders: [] } }, 0, 9_000)).toEqual([])
    expect(besideOf({ samples: { stack: [], senders: [] } }, 0, 9_000)).toBeNull()
  })

  it('of what is beside it: what the system does not say stays unknown', () => {
    expect(besideOf(record, 0, 2_500)).toEqual({
      ...{ spanMs: 2_000, serverCpuMs: 200, diskBytes: 14_000, flushes: null, servers },
      ...{ calls: { GET: { calls: 6_000, bytes: null } }, logBytes: 22_000 },
    })
  })

  it('grows from look to look: what starts again or shrinks takes nothing away', () => {
    expect(grown([5, 8, null, 10, 2, 3])).toBe(6)
    expect(grown([5, undefined])).toBeNull()
    expect(grown([])).toBeNull()
  })

  it('of calls: one that was not made at first began at 0, and one that was never made is not named', () => {
    const at = (calls: number, bytes: number | null = null) => ({ calls, bytes })
    expect(callsBetween([{ A: at(3) }, null, { A: at(3), B: at(4, 40) }, { A: at(3), B: at(6, 60) }])).toEqual({
      B: at(6, 60),
    })
    expect(callsBetween([{ A: at(3) }, undefined])).toBeNull()
    const sum = sumOfCalls([
      [{ A: at(2, 10), B: at(1) }, 2],
      [{ A: at(3, 1), B: at(1, 5) }, 1],
      [null, 7],
    ])
    expect(sum).toEqual({ A: at(7, 21), B: at(3) })
  })
})

describe('what 1,000 events cost', () => {
  const used = {
    ...({ purpose: 'cost', ratePerS: 4_000, sender: 'fit' } as const),
    usages: usagesOf(record, 0, 2_500),
    beside: besideOf(record, 0, 2_500),
  }

  it('counts everything by the events that took effect, over the same time', () => {
    expect(costOf(used, 8_000)).toEqual({
      ...{ ratePerS: 4_000, ofCeiling: 0.5, cpuMs: [{ name: 'receiver + processor', ms: 125 }] },
      // 200 ms in 2 s, of servers that were looked at for less time than the 2.5 s of the stack.
      ...{
        serverCpuMs: 25,
        diskBytes: 1_750,
        flushes: null,
        httpBytes: 1_000,
        storeBytes: 0,
        syncs: 250,
        storeCalls: 1_000,
        // 3 a ms as the servers count, 0.1 a ms as the process asked, for 4 events a ms.
        serverCommands: 775,
        serverCalls: { GET: { calls: 750, bytes: null }, Produce: { calls: 25, bytes: 1_250 } },
        logBytes: 2_750,
        servers,
      },
    })
  })

  it('counts a process that only receives by its requests', () => {
    const behind = usagesOf(record, 0, 2_500).map((usage) => ({ ...usage, name: 'processor', applied: 2_500 }))
    const receiver = usagesOf(record, 0, 2_500).map((usage) => ({ ...usage, name: 'receiver', applied: 0 }))
    const { cpuMs } = costOf({ ...used, usages: [...receiver, ...behind] }, 8_000)!
    expect(cpuMs).toEqual([
      { name: 'receiver', ms: 250 },
      { name: 'processor', ms: 500 },
    ])
  })

  it('says nothing where nothing took effect, and of no ceiling', () => {
    expect(costOf({ ...used, usages: [] }, 8_000)).toBeUndefined()
    expect(costsOf([used], undefined)).toEqual([])
    expect(costsOf([{ ...used, purpose: 'search' }, { ...used, sender: 'late' }, used], 8_000)).toHaveLength(1)
  })
})
