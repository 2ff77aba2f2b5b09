// @module-tag full: real runs of half a minute each.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DRIFT_KINDS } from '../../src/runner/scenario/scenario.ts'
import { planted, runsFolder } from '../runner/floodmark.ts'

const { root, run, reportOf } = runsFolder()
const checkOf = (name: string, id: string) => reportOf(name).checks.find((one) => one.id === id)

describe('schema-drift', () => {
  it('passes: strict drift is buried for what is wrong with it, permissive is kept, or stored where it is unknown', async () => {
    const { code, out, err } = await run('drift', 'schema-drift', '--quick', '--duration', '8')
    expect(code, out + err).toBe(0)
    const { audit, cards, faults } = reportOf('drift')
    const { drift, deadLetters } = cards
    expect(drift!.misjudged).toBe(0)
    expect(audit).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0, duplicateEffects: 0 })
    expect(drift!.rows.length).toBe(4 * DRIFT_KINDS.length)
    const seen = { strict: { buried: 0, kept: 0, stored: 0 }, permissive: { buried: 0, kept: 0, stored: 0 } }
    for (const { mode, events, buried, kept, stored } of drift!.rows) {
      expect(buried + kept + stored).toBe(events)
      seen[mode].buried += buried
      seen[mode].kept += kept
      seen[mode].stored += stored
    }
    expect(seen).toMatchObject({ strict: { kept: 0, stored: 0 }, permissive: { buried: 0 } })
    for (const some of [seen.strict.buried, seen.permissive.kept, seen.permissive.stored])
      expect(some).toBeGreaterThan(5)
    expect(audit.buried).toBe(seen.strict.buried)
    const reasons = deadLetters!.map(({ reason }) => reason)
    expect(reasons).toContain(
      'permanent: not as its schema says: stripe payment_intent.succeeded 2026-08-27.basil: data.object.currency is missing',
    )
    for (const reason of reasons)
      expect(reason).toMatch(/ is missing$| is not in the schema$|: unknown (type|version) of /)
    for (const what of ['type', 'version']) expect(reasons.join('\n')).toContain(`unknown ${what} of stripe`)
    expect(faults).toEqual([expect.objectContaining({ fromMs: 2_400, untilMs: 6_400 })])
    expect(readFileSync(join(root, 'drift', 'report.html'), 'utf8')).toContain('<h2>Schema drift</h2>')
  })

  const blind = 'turns red when nothing is looked at and everything passes: strict drift that took effect is misjudged'
  it(blind, async () => {
    const { code, out, err } = await run('blind', 'schema-drift', '--queue', planted('queue-hides-sources'))
    expect(code, out + err).toBe(1)
    const { audit } = reportOf('blind')
    expect(audit).toMatchObject({ lost: 0, buried: 0 })
    expect(audit.misjudged).toBeGreaterThan(5)
    expect(checkOf('blind', 'drift-misjudged')!.ok).toBe(false)
  })
})
