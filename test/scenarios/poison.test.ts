// @module-tag full: real runs of half a minute each.
import { describe, expect, it } from 'vitest'
import poison from '../../scenarios/poison.ts'
import { fateOf } from '../../src/runner/plan/identity.ts'
import { readPlan } from '../../src/runner/records/plan-file.ts'
import { replayedIn } from '../../src/runner/records/replays.ts'
import { undisturbedChecks } from '../../src/runner/report/cards/undisturbed.ts'
import { planted, runsFolder } from '../runner/floodmark.ts'

const { root, run, reportOf } = runsFolder()

describe('the scenario poison', () => {
  it('buries what the bug strikes, and once it is mended each is replayed and takes effect once', async () => {
    const { code, out, err } = await run('poison', 'poison', '--rate', '250', '--duration', '16')
    expect(code, out + err).toBe(0)
    const { audit, cards, faults, settings } = reportOf('poison')
    const { deadLetterReplays: again, undisturbed, deadLetters = [] } = cards
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0, misjudged: 0, refused: 0 })
    const doomed = Array.from({ length: audit.planned }, (_, seq) => fateOf(settings.seed, seq, poison.effects))
    expect(audit.buried).toBe(doomed.filter((fate) => fate === 'fails-always').length)
    expect(audit.applied).toBe(audit.planned - audit.buried)
    expect(deadLetters.map(({ reason }) => reason)).not.toContain('planned: poisoned by a bug')
    // Five seconds of seven events in a hundred.
    expect(again!.replays).toHaveLength(1)
    const { replayed, fromMs, untilMs } = again!.replays[0]!
    expect(replayed).toBeGreaterThan(30)
    expect(replayed).toBeLessThan(170)
    expect(again).toMatchObject({ events: replayed, applied: replayed })
    expect(again!.groups).toMatchObject([
      { source: 'stripe', type: 'invoice.paid', reason: 'permanent: planned: poisoned by a bug', count: replayed },
    ])
    expect(untilMs - fromMs).toBeGreaterThan(((replayed - 1) * 1_000) / 30 - 100)
    expect(faults).toMatchObject([
      { kind: 'poison', fault: { provider: 'stripe', type: 'invoice.paid' } },
      { kind: 'dead-letter-replay', events: replayed },
    ])
    expect(undisturbed!.map(({ during, acceptToEffect }) => [during, acceptToEffect.count > 100])).toEqual([
      ['before', true],
      ['bug', true],
      ['dead-letter-replay', true],
    ])
    const runId = (await import(`${root}/poison/run.json`, { with: { type: 'json' } })).default.runId
    const seqs = [...replayedIn(`${root}/poison`, runId)]
    expect(seqs).toHaveLength(replayed)
    const struck = new Set<number>()
    for (const event of readPlan(`${root}/poison`).events) if (event.struck) struck.add(event.seq)
    expect(struck.size / audit.planned).toBeGreaterThan(0.05)
    expect(struck.size / audit.planned).toBeLessThan(0.09)
    expect(seqs.filter((seq) => !struck.has(seq))).toEqual([])
  })

  it('fails when the letters are replayed before the bug is mended', async () => {
    const scenario = planted('scenario-poison-unmended')
    const { code, out, err } = await run('unmended', scenario, '--rate', '200', '--duration', '9')
    expect(code, out + err).toBe(1)
    const { audit, cards, checks } = reportOf('unmended')
    expect(cards.deadLetterReplays!.replays[0]!.replayed).toBeGreaterThan(20)
    expect(audit.misjudged).toBeGreaterThan(20)
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0 })
    const failed = checks.filter(({ ok, about }) => ok === false && about === 'stack').map(({ id }) => id)
    expect(failed).toEqual(['dead-letters-misjudged'])
  })
})

describe('the check of good events', () => {
  const stretch = (during: 'before' | 'bug', lowMs: number) => {
    const p99 = { ms: lowMs + 1, lowMs, highMs: lowMs + 2 }
    return { during, fromMs: 0, untilMs: 1, acceptToEffect: { count: 1_000, p99 } }
  }
  const okWith = (duringMs: number) => undisturbedChecks([stretch('before', 8), stretch('bug', duringMs)], 100)[0]!.ok

  it('passes and fails by twice the time of before and half of the pass mark, whichever end of it is meant', () => {
    expect([okWith(9), okWith(64), okWith(65), okWith(70), okWith(71)]).toEqual([true, true, null, null, false])
  })

  it('goes by the highest percentile that both stretches have', () => {
    const [before, bug] = [stretch('before', 8), stretch('bug', 71)]
    const p90 = { ms: 9, lowMs: 8, highMs: 10 }
    const lower = [
      { ...before, acceptToEffect: { count: 1_000, p99: before.acceptToEffect.p99, p90 } },
      { ...bug, acceptToEffect: { count: 100, p90 } },
    ]
    expect(undisturbedChecks(lower, 100)[0]).toMatchObject({ ok: true, values: { percentile: { value: 0.9 } } })
  })

  it('is undecided with too few samples', () => {
    const few = { ...stretch('bug', 1), acceptToEffect: { count: 3 } }
    expect(undisturbedChecks([stretch('before', 8), few], 100)[0]!.ok).toBe(null)
  })
})
