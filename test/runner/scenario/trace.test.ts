import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import steady from '../../../scenarios/steady.ts'
import { countArrivals } from '../../../src/runner/plan/arrivals.ts'
import { meanPerS, withTrace } from '../../../src/runner/scenario/trace.ts'
import { floodmark, played, runsFolder } from '../floodmark.ts'

const { root, run, reportOf } = runsFolder()

describe('a trace', () => {
  it('is the course of the arrivals: in each second as many as it says, also when it is stretched', () => {
    const trace = [400, 0, 1_600, 100]
    const scenario = withTrace(steady, trace)
    for (const durationMs of [4_000, 12_000]) {
      const load = { scenario, durationMs, ratePerS: meanPerS(trace), seed: 5 }
      let before = 0
      for (const [at, count] of trace.entries()) {
        const until = countArrivals(load, ((at + 1) * durationMs) / trace.length)
        const expected = (count * durationMs) / 4_000
        expect(Math.abs(until - before - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected))
        before = until
      }
    }
  })

  it('leaves a scenario without one as it is', () => {
    expect(withTrace(steady, undefined)).toBe(steady)
  })
})

describe('npm run scenario with --shape', () => {
  const file = join(root, 'trace.csv')

  it('takes rate and duration from the trace, says so, and makes the same report again when the file is gone', async () => {
    writeFileSync(file, 'second,count\n10,120\n11,40\n12,600\n13,40\n')
    const out = join(root, 'traced')
    const { code, out: said, err } = await played(out, 'steady', '--shape', file, '--p99', '300000')
    expect(code, said + err).toBe(0)
    expect(err).toContain('times in s, counts of each second; 4 s, mean 200/s, peak 600/s\n▂▁█▁\n')
    const before = reportOf('traced')
    expect(before.scenario).toMatchObject({ durationMs: 4_000, phases: [{ name: 'trace', fromMs: 0, untilMs: 4_000 }] })
    expect(before.setup).toMatchObject({ ratePerS: 200, peakPerS: 600 })
    expect(before.setup.rateChosen).toBe(`the trace's mean; its course is that of ${file}, 4 s`)
    expect(before.reproduce).toContain(`--shape ${file}`)
    const offered = before.timeline.points.map((point) => (point.offered * before.timeline.stepMs) / 1_000)
    const all = offered.reduce((sum, count) => sum + count, 0)
    const third = before.timeline.points.reduce(
      (sum, { atMs }, at) => (atMs >= 2_000 && atMs < 3_000 ? sum + offered[at]! : sum),
      0,
    )
    expect(third / all).toBeGreaterThan(0.6)
    writeFileSync(file, '')
    expect((await floodmark('report', out)).code).toBe(0)
    expect(reportOf('traced')).toEqual(before)
    expect(JSON.parse(readFileSync(join(out, 'plan.json'), 'utf8')).trace).toEqual([120, 40, 600, 40])
  })

  it('is stretched to --duration, and multiplied by --rate', { tags: 'full' }, async () => {
    writeFileSync(file, '1\n3\n')
    const { code, out, err } = await run('stretched', 'steady', '--shape', file, '--rate', '300', '--duration', '3')
    expect(code, out + err).toBe(0)
    const { setup, scenario, audit } = reportOf('stretched')
    expect(setup).toMatchObject({ ratePerS: 300, peakPerS: 450 })
    expect(setup.rateChosen).toBe(`asked for by --rate; its course is that of ${file}, 2 s, stretched to 3 s`)
    expect(scenario.durationMs).toBe(3_000)
    expect(Math.abs(audit.planned - 900)).toBeLessThan(150)
  })

  it.each([
    ['1\nx\n', 'line 2'],
    [undefined, 'cannot be read'],
  ])('refuses a file of %j in one line, with exit 2', async (text, what) => {
    const path = text === undefined ? join(root, 'none.csv') : file
    if (text !== undefined) writeFileSync(file, text)
    const { code, err } = await floodmark('scenario', 'steady', '--shape', path)
    expect(code).toBe(2)
    expect(err).toContain(what)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})
