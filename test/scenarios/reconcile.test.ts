// @module-tag full: real runs of half a minute each.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import scenario from '../../scenarios/reconcile.ts'
import { isLostBySender } from '../../src/runner/plan/identity.ts'
import { planted, played, runsFolder } from '../runner/floodmark.ts'

const { root, reportOf } = runsFolder()
const play = (name: string, which: string, ...flags: string[]) => {
  const easy = ['--quick', '--rate', '150', '--p99', '300000']
  return played(join(root, name), which, ...easy, ...flags)
}
const lost = ({ settings, audit }: ReturnType<typeof reportOf>) =>
  Array.from({ length: audit.planned }, (_, seq) => isLostBySender(settings.seed, seq, scenario)).filter(Boolean).length

describe('reconcile', () => {
  it('passes: every webhook that was never sent is found in the list, and none takes effect twice', async () => {
    const { code, out, err } = await play('pass', 'reconcile')
    expect(code, out + err).toBe(0)
    const report = reportOf('pass')
    const { audit, cards, generator } = report
    const { reconciled } = cards
    expect(lost(report)).toBeGreaterThan(10)
    expect(audit).toMatchObject({ found: lost(report), neverFound: 0, unsent: 0, lost: 0, duplicateEffects: 0 })
    expect(audit.applied + audit.buried).toBe(audit.planned)
    // What the list shows came by webhook, for the most part.
    expect(audit.duplicatesAbsorbed).toBeGreaterThan(audit.planned / 2)
    expect(reconciled!.toEffect.count).toBeGreaterThan(0.9 * audit.found)
    expect(reconciled!.unavailable).toBeGreaterThan(0)
    expect(generator.achievedRatio).toBe(1)
  })

  it.each(['scenario-reconcile-off', 'scenario-reconcile-no-overlap'])(
    'fails with %s, and says how many were never found',
    async (name) => {
      const { code, out } = await play(name, planted(name))
      expect(code, out).toBe(1)
      const { audit, checks } = reportOf(name)
      expect(audit.neverFound).toBeGreaterThan(0)
      const values = { measured: { value: audit.neverFound } }
      expect(checks.find(({ id }) => id === 'never-found')).toMatchObject({ ok: false, values })
      expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0 })
    },
  )

  const forgets = 'fails without dedup: what came by webhook and is in the list takes effect twice'
  it(forgets, async () => {
    const { code, out } = await play('forgets', 'reconcile', '--ledger', planted('ledger-forgets'), '--queue', 'memory')
    expect(code, out).toBe(1)
    expect(reportOf('forgets').audit.duplicateEffects).toBeGreaterThan(100)
  })
})
