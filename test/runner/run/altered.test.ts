import { describe, expect, it } from 'vitest'
import { FIELDS, type Field } from '../../../src/runner/report/altered.ts'
import { fullUnless } from '../../needs.ts'
import { planted, runsFolder } from '../floodmark.ts'

const { run, reportOf } = runsFolder()
const scenario = planted('scenario-two-senders')

describe('a run with a part that changes what events consist of fails, and says which fields', () => {
  for (const [part, everyTime] of [
    ['receiver', true],
    ['queue', false],
    ['ledger', false],
  ] as const) {
    it(`the ${part}`, { timeout: 60_000, ...fullUnless(everyTime) }, async () => {
      const { code, out, err } = await run(part, scenario, `--${part}`, planted(`${part}-alters`))
      expect(code, out + err).toBe(1)
      const { audit, checks, verdict } = reportOf(part)
      expect(verdict).toBe('FAIL')
      expect(audit.altered).toBeGreaterThan(10)
      for (const field of FIELDS as readonly Field[]) expect(audit.alteredFields[field], field).toBeGreaterThan(0)
      expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0, misjudged: 0 })
      const { values } = checks.find(({ id }) => id === 'altered')!
      for (const field of FIELDS) expect(values[field], field).toBeDefined()
      expect(out).toContain('body ')
    })
  }

  it('and the same run of the good stack passes', { timeout: 60_000 }, async () => {
    const { code, out, err } = await run('good', scenario)
    expect(code, out + err).toBe(0)
    expect(reportOf('good').audit.altered).toBe(0)
  })
})
