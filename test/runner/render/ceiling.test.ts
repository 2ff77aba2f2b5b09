import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { perS } from '../../../src/core/base/words.ts'
import { exitOf, wordsOf } from '../../../src/runner/cli/ceiling.ts'
import { ceilingHtml, renderCeiling } from '../../../src/runner/render/ceiling.ts'
import { ceilingLines, trialLine } from '../../../src/runner/render/ceiling-terminal.ts'
import { bindingWords, littleWords } from '../../../src/runner/render/words/binding.ts'
import { acceptWords, ceilingWords, doubtWords, lawWords } from '../../../src/runner/render/words/ceiling.ts'
import type { Ceiling } from '../../../src/runner/search/ceiling-schema.ts'
import { madeUpCeiling } from '../search/made-up-ceiling.ts'

let folder: string
let ceiling: Ceiling
let page: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodmark-ceiling-page-'))
  ceiling = madeUpCeiling()
  renderCeiling(ceiling, folder)
  page = readFileSync(join(folder, 'ceiling.html'), 'utf8')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the page of a ceiling', () => {
  it('draws each trial of the stack as it is, the mark, the soak and how likely each load is the ceiling', () => {
    const drawn = ceiling.trials.filter((one) => one.purpose !== 'share' && !one.intervention)
    expect(page.match(/<circle /g)).toHaveLength(drawn.length)
    expect(page).toContain('allowed: 250 ms')
    expect(page).toContain('<polygon ')
    expect(page).toContain(', soaked</title>')
  })

  it('begins with the rate that was run and held, which is what one plans with', () => {
    const { soakedPerS } = ceiling.found
    expect(page).toContain(`<p class="verdict">holds ${perS(soakedPerS!)}</p>`)
    expect(ceilingWords(ceiling)).toMatch(/^It held .* in a soak\. The ceiling is /)
    const none = { ...ceiling, found: { ...ceiling.found, soakedPerS: null } }
    expect(ceilingHtml(none)).toContain(`<p class="verdict">${perS(ceiling.found.interval!.mid)}</p>`)
  })

  it('at least so much is told with its soak, or without, and with what kept it from offering more', () => {
    const max = Math.max(
      ...ceiling.trials
        .filter(({ outcome, purpose }) => outcome === 'passed' && purpose !== 'saturation')
        .map(({ ratePerS }) => ratePerS),
    )
    const asked = { ...ceiling, ratePerSMax: max, found: { ...ceiling.found, kind: 'generator-bound' as const } }
    const rate = perS(ceiling.found.soakedPerS!)
    expect(ceilingWords(asked)).toMatch(
      new RegExp(`^It held ${rate} in a soak\\. The ceiling is at least ${rate}, .*--max-rate`),
    )
    expect(ceilingWords(asked)).not.toContain('sender')
    expect(ceilingHtml(asked)).toContain('<header class="pass">')
    expect(exitOf(asked)).toBe(0)
    expect(wordsOf(asked, 'there', 'again')).not.toContain('Go on: ')
    const late = { ...asked, ratePerSMax: 100_000 }
    expect(ceilingWords(late)).toContain('the sender can offer no more in time here')

    const failed = { ...asked, found: { ...asked.found, soakedPerS: null } }
    expect(ceilingWords(failed)).toMatch(/^No load held in a soak\. The ceiling is at least /)
    const none = { ...failed, trials: failed.trials.filter(({ purpose }) => purpose !== 'soak') }
    expect(ceilingWords(none)).toMatch(/^It was not soaked\. The ceiling is at least /)
    expect(ceilingHtml(none)).toContain(', not soaked</p>')
    expect(exitOf(none)).toBe(4)
    expect(wordsOf(none, 'there', 'again')).toContain('Go on: again')
  })

  it('says how to run it again, where a command made it', () => {
    expect(page).not.toContain('Run it again')
    expect(ceilingHtml({ ...ceiling, reproduce: 'npm run ceiling -- --p99 1s' })).toContain(
      '<h3>Run it again</h3><pre>npm run ceiling -- --p99 1s</pre>',
    )
  })

  it('asks nothing of the net, and runs nothing', () => {
    expect(page).not.toMatch(/<script|https?:\/\/|<link rel="stylesheet"/)
  })

  it('names what binds, with the parts of the time that it takes', () => {
    for (const line of bindingWords(ceiling.binding!)) expect(page).toContain(line.replaceAll("'", '&#39;'))
    expect(page.match(/<span style="width:/g)).toHaveLength(ceiling.binding!.stages!.parts.length + 1)
  })

  it('shows the p99 that a trial was judged by, never its slowest request', () => {
    const { p99: _none, ...response } = { ...ceiling.trials[5]!.response, maxMs: 777 }
    const line = trialLine({ ...ceiling.trials[5]!, response, sampleP99Ms: 83 }, 6)
    expect(line).toContain('p99 ~83 ms')
    expect(line).not.toContain('777')
  })

  it('names each limit of the response p99, also one of which the trials do not tell', () => {
    const [first, ...others] = ceiling.byLimit
    const without = { ...ceiling, byLimit: [{ ...first!, interval: null }, ...others], criticalPerS: null }
    const lines = ceilingLines(without).join('\n')
    expect(lines).toMatch(/p99 of 10 ms +not known +the trials do not tell/)
    expect(lines).toMatch(/critical: the geometric mean +not known +needs a ceiling for each limit/)
    const none = ceiling.byLimit.map((one) => ({ ...one, interval: null }))
    const nothing = { ...ceiling, byLimit: none, criticalPerS: null, withoutLimit: null }
    expect(ceilingLines(nothing).join('\n')).not.toContain('other limits')
  })

  it('says the same as the terminal', () => {
    const lines = ceilingLines(ceiling).join('\n')
    for (const line of bindingWords(ceiling.binding!)) expect(lines).toContain(line)
    expect(lines).toContain('1,000 events cost')
  })
})

describe('what makes the answer worth less', () => {
  it('is nothing on a quiet machine, and the page is green', () => {
    expect(doubtWords(ceiling)).toEqual([])
    expect(page).toContain('<header class="pass">')
  })

  it('stands on the page and on the terminal alike: a machine that changed, others that used it, costs that are missing', () => {
    const trials = ceiling.trials.map((one) => ({ ...one, machine: { othersCores: 0.6, stolen: 0 } }))
    const doubtful = { ...ceiling, drifted: true, trials, costs: [] }
    const html = ceilingHtml(doubtful)
    const lines = ceilingLines(doubtful).join('\n')
    for (const told of [
      'The machine changed while it was measured',
      'Other processes took 0.60 cores meanwhile',
      'What 1,000 events cost was not measured',
    ]) {
      expect(html).toContain(told)
      expect(lines).toContain(told)
    }
    expect(html).toContain('<header class="indeterminate">')
  })

  it('is said of a search that was interrupted, which blames no budget', () => {
    const open = { ...ceiling, interrupted: true, found: { ...ceiling.found, kind: 'budget-over' as const } }
    expect(ceilingWords(open)).toContain('as far as it went until it was interrupted')
    expect(ceilingWords({ ...open, found: { ...open.found, interval: null } })).toBe(
      'It was interrupted before any trial counted.',
    )
  })

  it('is no table of costs that was not asked for, as of a target, whose processes are not ours to measure', () => {
    expect(doubtWords({ ...ceiling, costs: [], asked: [] })).toEqual([])
  })

  it('is what a 2xx survives, what else used the machine, and that the handlers are not yours', () => {
    const survives = { survives: ['receiver-crash'], basis: 'measured' as const }
    const trials = ceiling.trials.map((one) => ({ ...one, durability: { queue: survives, ledger: survives } }))
    const html = ceilingHtml({ ...ceiling, trials })
    expect(html).toContain('A 2xx survives receiver-crash; an effect survives receiver-crash')
    expect(html).toContain('0.00 cores; in the busiest trial 0.00')
    expect(html).toContain('the handlers are those of the benchmark')
  })
})

describe('in words', () => {
  it('what is accepted is room for a burst only where it is more than the ceiling', () => {
    const mid = ceiling.found.interval!.mid
    const accepts = (interval: typeof ceiling.found.interval, atLeastPerS: number | null = null) =>
      acceptWords({ ...ceiling, accept: { interval, atLeastPerS } })
    const times = (factor: number) => ({ low: 0.95 * factor * mid, mid: factor * mid, high: 1.05 * factor * mid })
    expect(accepts(times(1.4))).toMatch(/^For a while it accepts .*, 1\.40 times the ceiling: what is above/)
    expect(accepts(times(0.99))).toMatch(/^It accepts .*, 0\.99 times the ceiling: .* no room for a burst\.$/)
    expect(accepts(null, 0.9 * mid)).toContain('was not measured')
    expect(accepts(null, 1.4 * mid)).toContain('For a while it accepts at least')
  })

  it('a ceiling that is a little above its bound is all of it', () => {
    const law = { acceptPerS: 11_496, queuePerS: 11_640, repeatsPerEvent: 0, boundPerS: 11_496, ofBound: 1.003 }
    expect(lawWords({ ...ceiling, law })).toContain('the ceiling is 100.3% of it, which is all of it')
    expect(lawWords({ ...ceiling, law: { ...law, ofBound: 0.95 } })).toMatch(/is 95\.0% of it\.$/)
  })

  it('none that binds is no bottleneck made up', () => {
    const none = { ...ceiling.binding!, binds: null }
    expect(bindingWords(none)).toEqual([expect.stringContaining('None of what was delayed binds by itself')])
  })

  it('what was left open is told, and is not taken for nothing', () => {
    const words = bindingWords({ ...ceiling.binding!, binds: null, open: ['queue-latency', 'stages'] }).join(' ')
    expect(words).toContain('What binds is not known yet.')
    expect(words).toContain('whether it is the time that the queue takes')
    expect(words).toContain('what the thread is busy with')
    expect(words).not.toContain('None of what was delayed')
  })

  it('what could not be told is told so, and is neither what binds nor nothing', () => {
    const { binding } = ceiling
    const [first, ...others] = binding!.resources
    const untold = { ...first!, delayed: true, binds: null, predictedPerS: null, found: null, halved: null }
    const words = bindingWords({ ...binding!, binds: null, resources: [untold, ...others] }).join(' ')
    expect(words).toMatch(/^What binds is not known\. Whether it is .* could not be told: /)
    expect(words).not.toContain('--resume')
    const confirmed = { ...binding!.confirmed!, found: null }
    const unconfirmed = bindingWords({ ...binding!, confirmed }).join(' ')
    expect(unconfirmed).toMatch(/Not confirmed by a run: .* done twice predicts /)
    expect(unconfirmed).not.toContain('was found')
  })

  it('what half of its time would gain is said of whatever binds, with what would bind next', () => {
    const binding = ceiling.binding!
    expect(bindingWords(binding).join(' ')).toContain('If it took half as long, the ceiling would be ')
    const halved = { perS: 1.5 * binding.ceilingPerS, next: 'cores' } as const
    const resources = binding.resources.map((one) => ({ ...one, halved }))
    expect(bindingWords({ ...binding, resources }).join(' ')).toContain(
      '1.50 times as high, where the number of cores would bind.',
    )
  })

  it('parts that make no whole promise no gain, and none at all is said', () => {
    const { stages } = ceiling.binding!
    expect(bindingWords(ceiling.binding!).join(' ')).toContain('Without settle the ceiling would be')
    const doubtful = bindingWords({ ...ceiling.binding!, stages: { ...stages!, whole: false } }).join(' ')
    expect(doubtful).toContain('take them for hints')
    expect(doubtful).not.toContain('Without')
    expect(bindingWords({ ...ceiling.binding!, stages: null }).join(' ')).toContain('could not be told')
  })

  it('a law of Little that does not hold is named with its figures', () => {
    const off = { process: 'receiver', flow: 'requests', inHand: 3, rateTimesTime: 2, ok: false }
    expect(littleWords({ ...ceiling.binding!, little: [off] })).toContain('requests of receiver (3.00 in hand, 2.00')
    expect(littleWords({ ...ceiling.binding!, little: [] })).toContain('could not be checked')
  })
})
