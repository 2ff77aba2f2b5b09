import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BadEvent, badEventSchema } from '../../../src/runner/report/audit/account.ts'
import { FIELDS, type Field } from '../../../src/runner/report/audit/altered.ts'
import { fullUnless } from '../../needs.ts'
import { floodmark, planted, runsFolder } from '../floodmark.ts'

const { root, run, reportOf } = runsFolder()
const scenario = planted('scenario-two-senders')

describe('a run with a part that changes what events consist of fails, and says which fields', () => {
  for (const [part, everyTime] of [
    ['receiver', true],
    ['queue', false],
    ['ledger', false],
  ] as const) {
    it(`the ${part}`, fullUnless(everyTime), async () => {
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
      // Each is named, all of them in the file, and all about one can be asked for.
      const { badEvents } = reportOf(part)
      const all: BadEvent[] = readFileSync(join(root, part, 'bad-events.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => badEventSchema.parse(JSON.parse(line)))
      expect(all).toHaveLength(badEvents.count)
      const named = all.filter(({ wrong }) => wrong === 'altered').map(({ seq }) => seq)
      expect(new Set(named).size).toBe(audit.altered)
      const [one] = badEvents.first
      expect(one).toMatchObject({ wrong: 'altered', key: expect.stringMatching(/^k\d+$/), dueMs: expect.any(Number) })
      for (const name of [String(one!.seq), one!.id]) {
        const life = await floodmark('event', join(root, part), name)
        expect(life.code, life.err).toBe(0)
        expect(life.out).toContain(`event ${one!.id}\n`)
        expect(life.out).toMatch(/ attempt 1 .*accepted \(200\)/)
        expect(life.out).toContain(`wrong       altered: ${one!.fields!.join(', ')}`)
      }
    })
  }

  it('and the same run of the good stack passes', { tags: 'full' }, async () => {
    const { code, out, err } = await run('good', scenario)
    expect(code, out + err).toBe(0)
    const { audit, badEvents } = reportOf('good')
    expect(audit.altered).toBe(0)
    expect(badEvents).toEqual({ count: 0, first: [] })
    expect(existsSync(join(root, 'good', 'bad-events.jsonl'))).toBe(false)
    const life = await floodmark('event', join(root, 'good'), '0')
    expect(life.out).toMatch(/ wrong {7}nothing\n/)
    const none = await floodmark('event', join(root, 'good'), '999999999')
    expect(none.code).toBe(2)
    expect(none.err).toMatch(/^floodmark: .* has no event '999999999': give a number, or an id from .*-0 to .*-\d+\n$/)
  })
})
