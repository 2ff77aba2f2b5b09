import { afterEach, describe, expect, it, vi } from 'vitest'
import { cpuSecondsIn, runTool } from '../../bench/lib/own-tool.ts'
import { bareWays } from '../../bench/lib/queue-turns.ts'
import { printRanked, spreadOf } from '../../bench/lib/table.ts'
import { perfRateIn } from '../../bench/queues/kafka-perf-test.ts'
import { rateIn } from '../../bench/queues/redis-benchmark.ts'
import { type Meanwhile, meanwhileWords, whyBusy } from '../../src/runner/machine/quiet.ts'

const QUIET: Meanwhile = {
  othersCores: 0.05,
  othersInWorstSecond: 0.1,
  others: '',
  stolenCores: 0,
  waited: 0.4,
  load: [0.5, 2],
}
afterEach(() => vi.restoreAllMocks())

describe('a benchmark', () => {
  it('ranks where nothing else ran, and names who did', () => {
    expect(whyBusy(QUIET)).toBeUndefined()
    expect(whyBusy({ ...QUIET, othersCores: 0.9, others: 'node 0.85' })).toBe(
      'other processes use 0.90 cores (node 0.85)',
    )
    expect(whyBusy({ ...QUIET, stolenCores: 0.3 })).toContain('the host gives 0.30 cores')
    expect(whyBusy({ ...QUIET, othersCores: null, stolenCores: null })).toBeUndefined()
    expect(meanwhileWords({ ...QUIET, waited: null })).toContain('waited for a core unknown of the time')
  })

  it('leaves the columns that compare empty on a busy machine, and shows the rest', async () => {
    const out: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean(out.push(String(text))))
    const table = (ranks: boolean) =>
      printRanked('t', ['', 'rate', 'of bare'], [['a', 10, 0.5]], ['of bare'], {
        seconds: 1,
        rounds: 1,
        force: false,
        ranking: async () => ({ ranks, words: ['so it was'] }),
      })
    expect(await table(false)).toBe(false)
    expect(out.join('')).toMatch(/a +10\.00 +not ranked\n\nso it was\n$/)
    out.length = 0
    expect(await table(true)).toBe(true)
    expect(out.join('')).toMatch(/a +10\.00 +0\.50\n/)
  })

  it('says how far its rounds are apart', () => {
    expect(spreadOf([3, 1, 2], (round) => round)).toBe('2.00 (1.00–3.00)')
    expect(spreadOf([3], (round) => round)).toBe(3)
    expect(spreadOf([3, 1], (round) => (round === 1 ? null : round))).toBeNull()
  })

  it('lets a bare client publish in every way that its server takes', () => {
    expect(bareWays(10)).toEqual([
      { atOnce: 4, batchEvents: 10 },
      { atOnce: 16, batchEvents: 10 },
    ])
    expect(bareWays(1_024)).toHaveLength(6)
  })

  it('reads the rate that redis-benchmark prints', () => {
    const csv = '"test","rps","avg_latency_ms"\n"XADD k * e xxx","125000.50","0.2"\n'
    expect(rateIn(csv)).toBe(125_000.5)
    expect(() => rateIn('Could not connect')).toThrow('printed no rate')
  })

  it('reads the rate that kafka-producer-perf-test prints of all records', () => {
    const lines = [
      '5001 records sent, 1000.2 records/sec (0.95 MB/sec), 12.0 ms avg latency, 90.0 ms max latency.',
      '100000 records sent, 42123.8 records/sec (40.17 MB/sec), 8.10 ms avg latency, 300.00 ms max latency, 5 ms 50th.',
    ]
    expect(perfRateIn(`${lines.join('\n')}\n`)).toBe(42_123.8)
    expect(() => perfRateIn('Bootstrap broker disconnected')).toThrow('printed no rate')
  })

  it('takes the CPU time of a server’s own tool, and knows one that is not installed', async () => {
    expect(cpuSecondsIn('0m0.00s 0m0.01s\n1m1.25s 0m0.50s\n')).toBe(61.75)
    expect(() => cpuSecondsIn('')).toThrow('no CPU time')
    // Its start alone takes some hundredths of a second.
    const ran = await runTool(process.execPath, ['-e', 'console.log("done")'])
    expect(ran!.stdout).toBe('done\n')
    expect(ran!.cpuSeconds).toBeGreaterThan(0)
    expect(await runTool('floodmark-no-such-tool', [])).toBeNull()
    await expect(runTool(process.execPath, ['-e', 'process.exit(3)'])).rejects.toThrow()
  })
})
