import { describe, expect, it } from 'vitest'
import { eventLife } from '../../../src/runner/render/event-life.ts'
import { html } from '../../../src/runner/render/html.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import type { Bad } from '../../../src/runner/report/audit/account.ts'
import { badEvents, besideOf, shownOf } from '../../../src/runner/report/audit/bad-events.ts'
import { lifeOf } from '../../../src/runner/report/audit/event-life.ts'
import { judgedRun } from '../../../src/runner/report/judged-run.ts'
import { reportOf } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

const { folder, record } = await madeUpRun()
const run = judgedRun(folder, record)

describe('events that must not be', () => {
  it('are named with what the plan says of them, their times, and what they stood beside', () => {
    const accepted = run.attempts()[Symbol.iterator]().next().value!
    const { seq } = accepted
    const planned = run.events.at(seq)
    const [named] = badEvents(run, [{ wrong: 'altered', seq, fields: ['body'], effectMs: 4_500 }])
    expect(named).toMatchObject({
      ...{ wrong: 'altered', seq, id: `${record.runId}-${seq}`, fields: ['body'], type: planned.type },
      ...{ provider: run.plan.sources[planned.provider]!.source, key: `k${planned.key}` },
      ...{ dueMs: planned.dueMs, sentMs: accepted.sentMs, effectMs: 4_500 },
    })
    expect(named!.beside.map(({ kind }) => kind)).toContain('poison')
  })

  it('of which the plan knows nothing keep the id that they came with', () => {
    const [named] = badEvents(run, [{ wrong: 'unexpected', seq: undefined, id: 'who-is-this' }])
    expect(named).toMatchObject({ id: 'who-is-this', seq: null, provider: null, dueMs: null, beside: [] })
  })

  it('stand beside what overlaps their time, else beside what was nearest within 2 s', () => {
    const marks = record.faults
    expect(besideOf([2_000, 2_100], marks).map(({ kind }) => kind)).toEqual(['poison'])
    const [poison] = marks.filter(({ kind }) => kind === 'poison')
    expect(besideOf([poison!.untilMs + 50, null], [poison!])).toHaveLength(1)
    expect(besideOf([poison!.untilMs + 2_001, null], [poison!])).toEqual([])
    expect(besideOf([null, null], marks)).toEqual([])
  })

  it('hide each other in no report: of each kind some are shown', () => {
    const many = (wrong: Bad['wrong'], count: number) => Array.from({ length: count }, (_, seq) => ({ wrong, seq }))
    const shown = shownOf([...many('altered', 5_000), ...many('lost', 3), ...many('doubled', 400)])
    expect(shown).toHaveLength(100)
    const counts = Map.groupBy(shown, ({ wrong }) => wrong)
    expect([...counts].map(([wrong, all]) => [wrong, all.length])).toEqual([
      ['lost', 3],
      ['doubled', 48],
      ['altered', 49],
    ])
    expect(shownOf(many('lost', 7))).toHaveLength(7)
  })

  it('are on the page and in the terminal', async () => {
    const report = await reportOf(run)
    expect(report.badEvents.count).toBe(run.bad.length)
    const { first } = report.badEvents
    expect(first.length).toBeGreaterThan(0)
    expect(html(report)).toContain(first[0]!.id)
    expect(terminal(report)).toContain(`${first[0]!.wrong}: ${first[0]!.id}`)
  })
})

describe('the life of an event', () => {
  it('has the plan, every attempt and what became of it, by number or id', () => {
    const retried = run.events.length > 199 ? 199 : 99
    const life = lifeOf(run, String(retried))
    expect(lifeOf(run, `evt_${record.runId}-${retried}`)).toEqual(life)
    const text = eventLife(life)
    expect(text).toMatch(/^event a1b2c3d4e5-199\n {2}plan {8}due /)
    expect(text).toMatch(/refused \(503\)/)
    expect(text).toMatch(/attempt 2 {3}sent .*accepted \(200\)/)
    expect(text).toMatch(/effect {6}.* after it was accepted/)
  })

  it('of a dead letter says why, and names what was on meanwhile', () => {
    const text = eventLife(lifeOf(run, '3'))
    expect(text).toContain('after 1 failure')
    expect(text).toContain('planned: poisoned')
    expect(text).toMatch(/beside {6}poison/)
  })

  it('does not control the terminal, whatever stands in it', () => {
    const [letter] = run.buried
    const strange = { ...letter!, seq: undefined, id: 'x\u001b[31m', reason: 'bad\nnews' }
    const text = eventLife(lifeOf({ ...run, buried: [strange] }, strange.id))
    expect(text).toContain('x\\u{1b}[31m')
    expect(text).toContain('bad\\u{a}news')
  })
})
