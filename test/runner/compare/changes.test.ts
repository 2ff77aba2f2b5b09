import { describe, expect, it } from 'vitest'
import { changesOf } from '../../../src/runner/compare/changes.ts'
import { changesAbout, changesWords } from '../../../src/runner/render/words/changes.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { reportWith } from '../history/made-up-reports.ts'
import { gaussian, seeded } from './seeded.ts'

const side = (name: string, ...reports: Report[]) => ({ name, reports })
const changes = (before: Report[], after: Report[], allow = 0.1) =>
  changesOf(side('before', ...before), side('after', ...after), allow)
const p99 = (found: ReturnType<typeof changes>) => found.figures.find(({ figure }) => figure === 'p99Ms')!

describe('what changed from one run to another', () => {
  it('is nothing where two runs are alike', () => {
    const found = changes([reportWith()], [reportWith({ times: 1.2 })])
    expect(found.outcome).toBe('no-regression')
    expect(p99(found)).toMatchObject({ isReal: false, isRegression: false })
    expect(changesWords(found)).toContain('did not become worse from before to after')
  })

  it('is real where it is more than two runs alike differ by', () => {
    const found = changes([reportWith()], [reportWith({ times: 2 })])
    expect(found.outcome).toBe('regression')
    expect(changesWords(found)).toMatch(/became worse from before to after: response p99 \+100\.0%/)
    expect(changes([reportWith({ times: 2 })], [reportWith()]).outcome).toBe('no-regression')
  })

  it('is no regression within what is allowed', () => {
    expect(changes([reportWith()], [reportWith({ times: 2 })], 1.5).outcome).toBe('no-regression')
  })

  it('is found at 15% where each side has five runs, and not where nothing changed, in at least 18 of 20', () => {
    const outcome = (seed: number, times: number) => {
      const random = seeded(seed)
      const runs = (slower: number) =>
        Array.from({ length: 5 }, () => reportWith({ times: slower * Math.exp(0.03 * gaussian(random)) }))
      return changes(runs(1), runs(times), 0.05).outcome
    }
    const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1)
    expect(seeds.filter((seed) => outcome(seed, 1.15) === 'regression').length).toBeGreaterThanOrEqual(18)
    expect(seeds.filter((seed) => outcome(seed, 1) === 'regression').length).toBeLessThanOrEqual(2)
  })

  it('is a regression where an event is lost that was not, or a run fails that passed', () => {
    const lost = reportWith()
    lost.audit.lost = 1
    expect(changes([reportWith()], [lost]).counts).toContainEqual(
      expect.objectContaining({ figure: 'lost', before: 0, after: 1, isRegression: true }),
    )
    expect(changes([reportWith()], [lost]).outcome).toBe('regression')
    expect(changes([reportWith()], [reportWith({ verdict: 'FAIL' })])).toMatchObject({
      failsNow: true,
      outcome: 'regression',
    })
  })

  it('is not told by INVALID runs, nor by those of another scenario', () => {
    expect(changes([reportWith()], [reportWith({ verdict: 'INVALID', times: 9 })]).outcome).toBe('not-comparable')
    const other = reportWith()
    other.scenario.name = 'another'
    expect(changes([reportWith()], [other]).outcome).toBe('not-comparable')
  })

  it('names what else is not the same', () => {
    const other = reportWith()
    other.settings = { ...other.settings, queue: 'kafka' }
    other.environment = { ...other.environment, cores: 8 }
    expect(changes([reportWith()], [other]).apart).toEqual([
      { what: 'queue', before: 'embedded', after: 'kafka', isBeside: false },
      { what: 'cores', before: '2', after: '8', isBeside: true },
    ])
  })

  it('says that another load, mark or machine may be why', () => {
    const other = reportWith({ times: 3 })
    other.settings = { ...other.settings, queue: 'kafka' }
    other.setup = { ...other.setup, ratePerS: 9, acceptP99Ms: 77 }
    const found = changes([reportWith()], [other])
    expect(found.outcome).toBe('regression')
    expect(changesWords(found)).toContain('They also differ in rate and pass mark: that may be why.')
    expect(changesWords(changes([reportWith()], [reportWith()]))).not.toContain('may be why')
  })

  it('is not told where the runs of one tag are not alike', () => {
    const other = reportWith({ times: 3 })
    other.settings = { ...other.settings, queue: 'kafka' }
    const found = changes([reportWith(), other], [reportWith({ times: 9 })])
    expect(found).toMatchObject({ outcome: 'not-comparable', notComparable: 'mixed', figures: [], counts: [] })
    expect(changesWords(found)).toContain('those of before differ in queue (embedded and kafka)')
    const seeded = reportWith()
    seeded.settings = { ...seeded.settings, seed: 9 }
    expect(changes([reportWith(), seeded], [reportWith(), seeded]).outcome).toBe('no-regression')
  })

  it('says which percentile is left out, and takes what came out where there are three runs a side', () => {
    const short = (times: number) => {
      const report = reportWith({ times })
      const { accepted, phases } = report.latency
      for (const phase of phases) phase.acceptedFirst = { ...phase.acceptedFirst, p99: undefined }
      report.latency.accepted = { ...accepted, first: { ...accepted.first, p99: undefined } }
      const points = [0.5, 0.99, 1].map((share) => ({ share, ms: 20 * times }))
      report.cards = { ...report.cards, distribution: { ...report.cards.distribution!, points } }
      return report
    }
    const few = changes([short(1)], [short(9)])
    expect(few.leftOut).toEqual(['p99Ms'])
    expect(few.figures.map(({ figure }) => figure)).not.toContain('runP99Ms')
    expect(changesAbout(few).join(' ')).toContain('Left out: response p99. Some run has too few episodes for it;')
    const three = (times: number) => [0.98, 1, 1.02].map((factor) => short(times * factor))
    const found = changes(three(1), three(1.5))
    expect(changesWords(found)).toContain('response p99, whole run +50.0%')
    expect(changes([reportWith()], [reportWith()]).leftOut).toEqual([])
    const notFollowed = short(1)
    for (const phase of notFollowed.latency.phases)
      phase.eventToEffect = { ...phase.eventToEffect, count: 0, p99: undefined }
    const { event } = notFollowed.latency
    notFollowed.latency.event = { ...event, toEffect: { ...event.toEffect, count: 0, p99: undefined } }
    expect(changes([notFollowed], [notFollowed]).leftOut).toEqual(['p99Ms'])
  })

  it('is not told by a run that was cut short', () => {
    const found = changes([reportWith()], [reportWith({ interrupted: true, verdict: 'INDETERMINATE', times: 3 })])
    expect(found.notComparable).toBe('no-figures')
    expect(changesWords(found)).toContain('every run of after is INVALID or was cut short')
    const half = changes([reportWith(), reportWith({ verdict: 'INVALID' })], [reportWith()])
    expect(half).toMatchObject({ outcome: 'no-regression', before: { runs: 2, whole: 1 } })
  })
})
