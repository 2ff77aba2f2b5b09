import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { arrivals } from '../../../src/runner/plan/arrivals.ts'
import { fateOf, isLostBySender } from '../../../src/runner/plan/identity.ts'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { beginPlan, plannedPath, planPath, readPlan, writePlan } from '../../../src/runner/records/plan-file.ts'
import { planted } from '../floodmark.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-plan-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const { settings } = settingsOf(planted('scenario-everything'), { seed: 7 })
const plan = { ...(await planOf(settings)), durationMs: 4_000, ratePerS: 300 }

function folder(name: string): string {
  mkdirSync(join(root, name))
  return join(root, name)
}

describe('a plan that was written down', () => {
  const whole = folder('whole')

  it('has every event of the plan with its fate, in order of time', async () => {
    await writePlan(plan, whole)
    const { events, plan: read } = readPlan(whole)
    const { scenario } = plan
    const due = Array.from(arrivals({ ...plan, seed: 7 }), ({ seq, intendedMs, provider, key }) => ({
      ...{ seq, provider, key, dueMs: intendedMs, failsOnce: fateOf(7, seq, scenario.effects) === 'fails-once' },
      lostBySender: isLostBySender(7, seq, scenario),
    }))
    expect(events.length).toBe(due.length)
    expect([...events]).toMatchObject(due)
    expect(read.sources.map(({ source }) => source)).toEqual(scenario.mix.map(({ provider }) => provider))
    for (const [at, { dueMs }] of due.entries()) expect(events.dueBefore(dueMs)).toBe(at)
    expect(events.dueBefore(Number.POSITIVE_INFINITY)).toBe(due.length)
  })

  it('is the same whether it is written at once or in two parts', async () => {
    const parts = folder('parts')
    const { finish } = await beginPlan(plan, parts, 10)
    expect(readPlan(parts).events.length).toBe(10)
    await finish(Number.POSITIVE_INFINITY)
    for (const path of [planPath, plannedPath]) expect(readFileSync(path(parts))).toEqual(readFileSync(path(whole)))
  })

  it('ends, of a run that was cut short, with what was due until then', async () => {
    const short = folder('short')
    const { finish } = await beginPlan(plan, short, 10)
    await finish(1_000)
    const { events } = readPlan(short)
    expect(events.length).toBeLessThan(readPlan(whole).events.length)
    expect(events.dueBefore(1_000)).toBe(readPlan(whole).events.dueBefore(1_000))
  })

  it('says nothing of secrets and of folders', () => {
    const text = readFileSync(planPath(whole), 'utf8')
    for (const { signing, verifying } of plan.routes)
      for (const secret of [signing, verifying]) expect(text).not.toContain(secret)
    expect(text).not.toContain('file:')
    expect(text).not.toContain(process.cwd())
  })
})
