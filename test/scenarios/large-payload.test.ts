// @module-tag full: real runs of half a minute each.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import scenario from '../../scenarios/large-payload.ts'
import { claimOf } from '../../src/runner/plan/event-content.ts'
import { readJournal } from '../../src/runner/records/journal.ts'
import { sayCheck } from '../../src/runner/render/words/checks.ts'
import { sizeChecks } from '../../src/runner/report/cards/body-sizes.ts'
import { planted, played, runsFolder } from '../runner/floodmark.ts'

const { root, reportOf } = runsFolder()
const MIB = 1024 * 1024
const play = (name: string, ...flags: string[]) => {
  const easy = ['--quick', '--rate', '60', '--p99', '300000']
  return played(join(root, name), 'large-payload', ...easy, ...flags)
}

describe('large-payload', () => {
  it('passes: bodies to the last allowed byte, contents by reference, what was altered as dead letters', async () => {
    // Slowly: on a busy machine more bodies are held at once, and memory is freed later.
    const { code, out, err } = await play('pass', '--rate', '20', '--duration', '30')
    expect(code, out + err).toBe(0)
    const { audit, settings, cards } = reportOf('pass')
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, refused: 0, unknown: 0, misjudged: 0 })
    expect(cards.bodySizes!.maxBytes).toBe(MIB)
    const claims = Array.from({ length: audit.planned }, (_, seq) => claimOf(settings.seed, seq, scenario))
    const altered = claims.filter((claim) => claim?.altered).length
    const { applied, served, unavailable, fetches, bytes } = cards.bodySizes!.contents!
    expect(cards.deadLetters!.find(({ reason }) => /digest differs/.test(reason))?.count ?? 0).toBe(altered)
    expect(altered).toBeGreaterThan(0)
    expect(unavailable).toBeGreaterThan(0)
    expect(applied).toBeGreaterThan(20)
    expect(served).toBeGreaterThanOrEqual(applied)
    expect(fetches).toBeGreaterThanOrEqual(applied + unavailable)
    expect(bytes).toBeGreaterThan(10 * MIB)
  })

  it('refuses for good what a queue cannot hold, and loses none of it', async () => {
    const { code, out } = await play('small', '--queue', planted('queue-small'), '--ledger', 'memory')
    expect(code, out).toBe(1)
    const { audit } = reportOf('small')
    const refused: { status: number; bodyBytes: number }[] = []
    for (const { status, bodyBytes } of readJournal(join(root, 'small', 'journal-0.bin'))) {
      if (status !== 200) refused.push({ status, bodyBytes })
    }
    expect(refused.length).toBeGreaterThan(5)
    for (const { status, bodyBytes } of refused) {
      expect(status).toBe(413)
      expect(bodyBytes).toBeGreaterThan(255 * 1024)
    }
    expect(audit).toMatchObject({ lost: 0, unknown: 0, duplicateEffects: 0, refused: refused.length })
  })
})

describe('the checks on body sizes', () => {
  const sizes = { p50Bytes: 1, p99Bytes: 1, maxBytes: 1, bytesPerS: 1, memoryBytesMax: 200 * MIB }
  const contents = { fetches: 9, unavailable: 0, bytes: 9, served: 9, applied: 9 }
  const passes = { acceptP99Ms: 1, drainMs: 1, memoryBytesMax: 100 * MIB }

  it('find effects whose content nobody fetched', () => {
    const check = (applied: number) => sizeChecks({ ...sizes, contents: { ...contents, applied } }, passes)[0]
    expect(check(9)).toMatchObject({ ok: true, values: { measured: { value: 0 } } })
    expect(check(11)).toMatchObject({ ok: false, values: { measured: { value: 2 } } })
  })

  it('find a process that holds more memory than allowed', () => {
    const [check] = sizeChecks({ ...sizes, contents: null }, passes)
    expect(check).toMatchObject({ id: 'process-memory', ok: false })
    expect(sayCheck(check!)).toMatchObject({ measured: '200 MiB', wanted: 'at most 100 MiB' })
  })
})
