import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Arrival, arrivals, countArrivals } from '../../src/runner/arrivals.ts'
import { type Attempt, openJournal, RECORD_BYTES, readJournal } from '../../src/runner/journal.ts'
import { parseResponse } from '../../src/runner/sender/response.ts'

const load = (seed: number, shape = (_: number) => 1) => ({
  scenario: { shape, mix: [{ provider: 'generic', share: 1 }], keys: { count: 10, zipf: 1 } },
  durationMs: 20_000,
  ratePerS: 500,
  seed,
})
const list = (of: ReturnType<typeof load>): Arrival[] => Array.from(arrivals(of), (one) => ({ ...one }))

describe('arrivals', () => {
  it('are a Poisson stream at the asked rate: as many as expected, with gaps as spread as their mean', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const all = list(load(seed))
      expect(Math.abs(all.length - 10_000)).toBeLessThan(5 * Math.sqrt(10_000))
      const gaps = all.slice(1).map((one, at) => one.intendedMs - all[at]!.intendedMs)
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
      const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
      expect(deviation / mean).toBeGreaterThan(0.95)
      expect(deviation / mean).toBeLessThan(1.05)
      expect(all.every((one, at) => one.seq === at)).toBe(true)
    }
  })

  it('follow the shape, and are the same for the same seed', () => {
    const step = (at: number) => (at < 0.5 ? 0 : 2)
    const all = list(load(3, step))
    expect(all[0]!.intendedMs).toBeGreaterThanOrEqual(10_000)
    expect(Math.abs(all.length - 10_000)).toBeLessThan(500)
    expect(list(load(3, step))).toEqual(all)
    expect(countArrivals(load(3, step), 15_000)).toBe(all.filter((one) => one.intendedMs < 15_000).length)
  })
})

describe('the journal', () => {
  it('gives back what was written, up to a torn record at its end, and never overwrites', () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodmark-journal-'))
    const path = join(folder, 'j.bin')
    const attempts = Array.from(
      { length: 3_000 },
      (_, seq): Attempt => ({
        seq,
        attempt: 1,
        provider: seq % 4,
        key: seq * 7,
        outcome: 'refused',
        cause: 'connect',
        status: 503,
        bodyBytes: seq,
        intendedMs: seq / 3,
        sentMs: seq / 2,
        doneMs: seq,
      }),
    )
    const journal = openJournal(path)
    for (const attempt of attempts) journal.write(attempt)
    journal.close()
    expect(Array.from(readJournal(path), (one) => ({ ...one }))).toEqual(attempts)
    truncateSync(path, 8 + RECORD_BYTES * 2_999 + 20)
    expect(Array.from(readJournal(path), (one) => one.seq).length).toBe(2_999)
    expect(() => openJournal(path)).toThrow('EEXIST')
    rmSync(folder, { recursive: true })
  })
})

describe('the response parser', () => {
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
  ]
  it('is complete at the last byte of a response and not one before', () => {
    for (const answer of answers) {
      const bytes = Buffer.from(answer)
      for (let length = 1; length < bytes.length; length++)
        expect(parseResponse(bytes.subarray(0, length))).toBeUndefined()
      expect(parseResponse(Buffer.concat([bytes, Buffer.from('HTTP')]))!.bytes).toBe(bytes.length)
    }
    expect(parseResponse(Buffer.from(answers[2]!))).toMatchObject({ status: 503, close: true })
  })

  it('refuses what is no HTTP response, or has no end', () => {
    for (const text of [
      'hello world',
      'HTTP/1.1 999 X\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\n',
      `HTTP/1.1 200 OK\r\n${'a'.repeat(70_000)}`,
    ]) {
      expect(() => parseResponse(Buffer.from(text))).toThrow('cannot be understood')
    }
  })
})
