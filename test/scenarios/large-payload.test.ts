import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import scenario from '../../scenarios/large-payload.ts'
import { claimOf } from '../../src/runner/plan/event-content.ts'
import { readJournal } from '../../src/runner/records/journal.ts'
import { payloadChecks } from '../../src/runner/report/payload.ts'
import { floodmark, planted, runsFolder } from '../runner/floodmark.ts'

const { root, reportOf } = runsFolder()
const MIB = 1024 * 1024
const play = (name: string, ...flags: string[]) => {
  const easy = ['--quick', '--rate', '60', '--p99', '10000', '--out', join(root, name)]
  return floodmark('scenario', 'large-payload', ...easy, ...flags)
}

describe('large-payload', () => {
  it('passes: bodies to the last allowed byte, contents by reference, what was altered as dead letters', async () => {
    const { code, out, err } = await play('pass')
    expect(code, out + err).toBe(0)
    const { audit, payload, setup, deadLetters } = reportOf('pass')
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, refused: 0, unknown: 0, misjudged: 0 })
    expect(payload!.maxBytes).toBe(MIB)
    const claims = Array.from({ length: audit.planned }, (_, seq) => claimOf(setup.seed, seq, scenario))
    const altered = claims.filter((claim) => claim?.altered).length
    const { applied, served, unavailable, fetches, bytes } = payload!.contents!
    expect(deadLetters.find(({ reason }) => /digest differs/.test(reason))?.count ?? 0).toBe(altered)
    expect(altered).toBeGreaterThan(0)
    expect(unavailable).toBeGreaterThan(0)
    expect(applied).toBeGreaterThan(20)
    expect(served).toBeGreaterThanOrEqual(applied)
    expect(fetches).toBeGreaterThanOrEqual(applied + unavailable)
    expect(bytes).toBeGreaterThan(10 * MIB)
  }, 120_000)

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
  }, 120_000)
})

describe('the checks on payloads', () => {
  const payload = { p50Bytes: 1, p99Bytes: 1, maxBytes: 1, bytesPerS: 1, memoryBytesMax: 200 * MIB }
  const contents = { fetches: 9, unavailable: 0, bytes: 9, served: 9, applied: 9 }
  const passes = { acceptP99Ms: 1, drainMs: 1, memoryBytesMax: 100 * MIB }

  it('find effects whose content nobody fetched', () => {
    const check = (applied: number) => payloadChecks({ ...payload, contents: { ...contents, applied } }, passes)[0]
    expect(check(9)).toMatchObject({ ok: true, measured: '0' })
    expect(check(11)).toMatchObject({ ok: false, measured: '2' })
  })

  it('find a process that holds more memory than allowed', () => {
    const [check] = payloadChecks({ ...payload, contents: null }, passes)
    expect(check).toMatchObject({ ok: false, measured: '200 MiB', wanted: 'at most 100 MiB' })
  })
})
