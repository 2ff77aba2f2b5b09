import { describe, expect, it } from 'vitest'
import { firstScreen } from '../../../src/runner/render/html/first-screen.ts'
import { markdown } from '../../../src/runner/render/markdown.ts'
import { faultKeys } from '../../../src/runner/render/words/although.ts'
import { causesOf, firstSentence, provenOf, provenWords } from '../../../src/runner/render/words/first.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { reportWith } from '../history/made-up-reports.ts'

type Checks = Report['checks']
const counted = (value: number) => ({ value, unit: 'count' as const })
const inMs = (value: number, low?: number, high?: number) => ({ value, unit: 'ms' as const, low, high })
const limit = (
  id: string,
  ok: boolean | null,
  values: Checks[number]['values'],
  about: 'stack' | 'generator' = 'stack',
) => ({
  ...{ id, about, severity: id === 'lost' ? ('harm' as const) : ('limit' as const), ok, values },
})
const passed = limit('drained', true, {})
const slow = limit('accept-p99', false, { measured: inMs(800, 700, 900), atMost: inMs(250) })
const lost = limit('lost', false, { measured: counted(12), exactly: counted(0) })
const late = limit('generator-lateness', false, { measured: inMs(400), atMost: inMs(25) }, 'generator')
const unsure = limit('accept-p99', null, {
  ...{
    measured: 'too-few-episodes',
    atMost: inMs(250),
    slowest: inMs(200),
    episodes: counted(2),
    wouldTake: inMs(90_000),
  },
})
/** With faults and a peak of 3,000/s, as the sentence should name them. */
function report(verdict: Report['verdict'], ...checks: Checks): Report {
  const made = reportWith({ verdict, checks: [passed, ...checks], faults: [] })
  made.latency.accepted.first = { ...made.latency.accepted.first, count: 57_420 }
  made.setup = { ...made.setup, peakPerS: 3_000, acceptP99Ms: 250 }
  made.audit = {
    ...made.audit,
    planned: 57_420,
    unsent: 0,
    applied: 57_353,
    buried: 67,
    refused: 0,
    unknown: 0,
    found: 0,
    lost: 0,
  }
  return made
}

describe('the first sentence of a report', () => {
  it('says of a PASS how much was taken, how fast, and what became of the rest', () => {
    expect(firstSentence(report('PASS'))).toBe(
      'On this 2-core machine the stack took 57,420 webhooks, up to 3,000 a second, and lost none; 99 of 100 were answered within 20 ms (250 ms allowed). 67 events failed for good, as planned, and are kept as dead letters.',
    )
    const refused = report('PASS')
    refused.audit = { ...refused.audit, applied: 55_940, refused: 1_413 }
    expect(firstSentence(refused)).toContain(
      'took 56,007 of 57,420 webhooks, up to 3,000 a second, and lost none of these',
    )
    expect(firstSentence(refused)).toContain(
      '1,413 events were refused or had no answer, and their senders gave them up',
    )
    refused.audit = { ...refused.audit, buried: 1, refused: 1 }
    expect(firstSentence(refused)).toContain('1 event was refused or had no answer, and its sender gave it up')
    expect(firstSentence(refused)).toContain('1 event failed for good, as planned, and is kept as a dead letter.')
  })

  it('does not tell the times of those taken at the first try as those of all', () => {
    const retried = report('PASS')
    retried.latency.accepted.first = { ...retried.latency.accepted.first, count: 40_000 }
    expect(firstSentence(retried)).toContain(
      'and lost none; 40,000 were taken at the first try, and 99 of 100 of these were answered within 20 ms (250 ms allowed).',
    )
    delete retried.latency.accepted.first.p99
    expect(firstSentence(retried)).toContain(
      '40,000 were taken at the first try, and the slowest of these was answered after 50 ms',
    )
  })

  it('names what the stack had to bear', () => {
    const kill = { what: 'kill', strikes: 'queue-server', at: 0.3, forMs: 3_000 } as const
    const made = report('PASS')
    made.faults = [
      { kind: 'kill', victim: 'Redis', fault: kill, fromMs: 0, untilMs: 1 },
      { kind: 'attack', attacks: ['forged'], fromMs: 0, untilMs: 1 },
    ]
    expect(firstSentence(made)).toContain('and lost none, although the queue’s server was killed and it was attacked;')
    // What holds the queue may be a process of ours, and several may be struck.
    const own = made.processes.map(({ name }) => name)[0]!
    made.faults = [{ kind: 'kill', victim: own, fault: kill, fromMs: 0, untilMs: 1 }]
    expect(firstSentence(made)).toContain('although a process of the stack was killed;')
    const restart = { what: 'restart', strikes: 'stack', at: 0, forMs: 1, each: true } as const
    const restarted = (victim: string, fromMs: number) =>
      ({ kind: 'restart', victim, fault: restart, fromMs, untilMs: fromMs + 500 }) as const
    made.faults = [restarted('a', 1_000), restarted('b', 2_000), restarted('c', 3_000)]
    expect(firstSentence(made)).toContain('although 3 processes of the stack were restarted;')
    expect(faultKeys(made)).toEqual(['3 processes of the stack were restarted, 3 times in all, 1.0 s … 3.5 s'])
    const slow = { what: 'slow-effects', strikes: 'processors', addMs: 5, key: 'k0', at: 0, forMs: 1 } as const
    made.faults = [{ kind: 'slow-effects', victim: 'a', fault: slow, fromMs: 0, untilMs: 1_000 }]
    expect(firstSentence(made)).toContain('although a processor took longer for each event of one account for a while;')
  })

  it('says of a FAIL what failed, harm first', () => {
    expect(firstSentence(report('FAIL', slow, lost))).toBe(
      'On this 2-core machine the stack failed: it lost 12 events that it had accepted; 1 in 100 answers took 800 ms (700 ms … 900 ms) or more (at most 250 ms). It was sent 57,420 webhooks, up to 3,000 a second.',
    )
  })

  it('stands in the comment for a pull request too, with what to do', () => {
    const text = markdown(report('FAIL', slow))
    expect(text).toContain('the stack failed: 1 in 100 answers took 800 ms')
    expect(text).toContain('Find what it does hold: npm run ceiling.')
    expect(markdown(report('PASS'))).toContain('the stack took 57,420 webhooks')
    expect(markdown(report('INVALID', late))).toContain(
      'This run says nothing about the stack: the sender itself was late',
    )
  })

  it('calls no rate proven that was refused for a while, though the scenario allows that', () => {
    const refusing = report('PASS')
    expect(provenWords(provenOf(refusing), undefined, 'PASS')).toBe('needed 3,000/s · proven 3,000/s')
    refusing.audit = { ...refusing.audit, applied: 50_000, refused: 7_353 }
    refusing.timeline = {
      ...refusing.timeline,
      points: refusing.timeline.points.map((one) => ({ ...one, accepted: 1_200, offered: 3_000 })),
    }
    expect(provenWords(provenOf(refusing), undefined, 'PASS')).toBe(
      'needed 3,000/s · accepted 1,200/s on average: this scenario allows to refuse some',
    )
  })

  it('does not blame the processor for a backlog of events that are lost', () => {
    const undrained = { ...passed, ok: false }
    expect(firstSentence(report('FAIL', undrained))).toContain('backlog')
    expect(firstSentence(report('FAIL', undrained, lost))).not.toContain('backlog')
  })

  it('says of an INVALID run that it says nothing of the stack, and why', () => {
    expect(firstSentence(report('INVALID', late, slow))).toBe(
      'This run says nothing about the stack: the sender itself was late, 1 in 100 by 400 ms or more (at most 25 ms).',
    )
  })

  it('says of an INDETERMINATE run what was not decided', () => {
    expect(firstSentence(report('INDETERMINATE', unsure))).toContain(
      'This run does not decide: too few slow answers were seen to tell how long 1 in 100 takes (the slowest took 200 ms; wanted is at most 250 ms).',
    )
  })
})

describe('the causes of a verdict', () => {
  it.each<[Report['verdict'], Checks[number], string]>([
    ['FAIL', lost, 'do not ship this stack'],
    ['FAIL', slow, 'npm run ceiling'],
    ['INVALID', late, 'quieter machine'],
    ['INDETERMINATE', unsure, '--duration 90s'],
  ])('of %s come with what to do', (verdict, check, todo) => {
    expect(causesOf(report(verdict, check))[0]!.todo).toContain(todo)
  })

  it('are none where a run passed', () => {
    expect(causesOf(report('PASS'))).toEqual([])
  })
})

describe('the first screen', () => {
  it('has needed, proven and soaked as one bar', () => {
    const made = report('PASS')
    expect(provenWords(provenOf(made), 5_240, 'PASS')).toBe(
      'needed 3,000/s · proven 3,000/s · a search for the ceiling soaked 5,240/s',
    )
    expect(firstScreen(made, { ceiling: { soakedPerS: 5_240, page: '../x/ceiling.html' } }).text).toContain(
      'href="../x/ceiling.html"',
    )
    expect(provenOf(report('INVALID', late)).provenPerS).toBeNull()
    expect(provenOf(report('FAIL', slow)).provenPerS).toBeLessThanOrEqual(3_000)
  })

  it('has a tile for every kind of harm that is not 0, and none for those that are', () => {
    const made = report('FAIL', lost)
    made.audit = { ...made.audit, lost: 12, altered: 3, refused: 0, unexpected: 0 }
    const { text } = firstScreen(made, {})
    expect(text).toMatch(/class="tile bad"><b class="whole">.*12<\/b><span>accepted and lost/)
    expect(text).toContain('not as they were signed')
    expect(text).not.toContain('effects never sent')
    expect(text).not.toContain('events refused')
  })

  it('says what to do, and repeats no cause that the sentence has', () => {
    const only = firstScreen(report('FAIL', lost), {}).text
    expect(only).toMatch(/<li>The events are named below/)
    const two = firstScreen(report('FAIL', slow, lost), {}).text
    expect(two).toContain('<li><b>It lost 12 events that it had accepted.</b> The events are named below')
    // A figure keeps its unit.
    expect(two).toContain('800\u00a0ms')
  })

  it('keeps a flag and its value in one line, and tells no attempt twice', () => {
    expect(firstScreen(report('INDETERMINATE', unsure), {}).text).toContain('<span class="whole">--duration 90s</span>')
    const made = report('PASS')
    made.audit = { ...made.audit, refused: 33, duplicatesAbsorbed: 1_192 }
    made.notAccepted = { refused: 33, unanswered: 0, givenUp: 33 }
    expect(firstScreen(made, {}).text).not.toContain('attempts refused')
    made.notAccepted = { ...made.notAccepted, refused: 1_704 }
    expect(firstScreen(made, {}).text).toMatch(/1,704<\/b><span>attempts refused</)
    expect(firstScreen(made, {}).text).toMatch(/1,192<\/b><span>repeats, without a second effect</)
  })

  it('says its charts in words as well', () => {
    const { text } = firstScreen(report('PASS'), {})
    expect(text.match(/<svg[^>]* role="img" aria-label="[^"]{30,}"/g)).toHaveLength(2)
  })
})
