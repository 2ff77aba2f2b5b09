import { mkdtempSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Attempt, openJournal, RECORD_BYTES, readJournal } from '../../../src/runner/records/journal.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-journal-'))
afterAll(() => rmSync(folder, { recursive: true }))
const HEAD_BYTES = 8

function attempts(count: number): Attempt[] {
  return Array.from({ length: count }, (_, seq) => ({
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
  }))
}
const read = (path: string) => Array.from(readJournal(path), (one) => ({ ...one }))

/** A disk with room for so many bytes: it takes what fits of a write, then nothing. */
function diskOf(roomBytes: number): typeof writeSync {
  return ((file: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
    const left = roomBytes - position
    if (left <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    return writeSync(file, bytes, offset, Math.min(length, left), position)
  }) as typeof writeSync
}

describe('the journal', () => {
  it('gives back what was written', () => {
    const path = join(folder, 'whole.bin')
    const journal = openJournal(path)
    for (const attempt of attempts(3_000)) journal.write(attempt)
    journal.close()
    expect(read(path)).toEqual(attempts(3_000))
  })

  it('passes over a torn record at its end', () => {
    const path = join(folder, 'torn.bin')
    const journal = openJournal(path)
    for (const attempt of attempts(3_000)) journal.write(attempt)
    journal.close()
    truncateSync(path, HEAD_BYTES + RECORD_BYTES * 2_999 + 20)
    expect(read(path)).toEqual(attempts(2_999))
  })

  it('never overwrites another', () => {
    const path = join(folder, 'twice.bin')
    openJournal(path).close()
    expect(() => openJournal(path)).toThrow('EEXIST')
  })

  it('on a full disk throws one clear error from then on, and leaves whole records only', () => {
    const path = join(folder, 'full.bin')
    const journal = openJournal(path, diskOf(HEAD_BYTES + RECORD_BYTES * 1_500 + 31))
    expect(journal.full?.message).toMatch(/full\.bin.*ENOSPC.*Make room/)
    const all = attempts(4_000)
    let written = 0
    const write = () => {
      for (; written < all.length; written++) journal.write(all[written]!)
    }
    expect(write).toThrow(
      expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(/full\.bin.*ENOSPC.*Make room/) }),
    )
    expect(statSync(path).size).toBe(HEAD_BYTES + RECORD_BYTES * 1_500)
    expect(() => journal.write(all[0]!)).toThrow('ENOSPC')
    expect(() => journal.flush()).toThrow('ENOSPC')
    journal.close()
    expect(read(path)).toEqual(all.slice(0, 1_500))
  })
})

it('a journal of which the sender was killed ends with its last whole record', () => {
  const path = join(folder, 'killed.bin')
  const journal = openJournal(path)
  for (const attempt of attempts(10)) journal.write(attempt)
  journal.flush()
  expect(statSync(path).size).toBeGreaterThan(1024 * 1024)
  expect(read(path)).toEqual(attempts(10))
  journal.close()
  expect(statSync(path).size).toBe(HEAD_BYTES + RECORD_BYTES * 10)
})

it('a journal says that it is full while it still has room for what is in flight', () => {
  const path = join(folder, 'filling.bin')
  const roomBytes = 3 * 1024 * 1024
  const journal = openJournal(path, diskOf(roomBytes))
  const all = attempts(80_000)
  let written = 0
  while (!journal.full) journal.write(all[written++]!)
  const fromFull = written
  for (; written < fromFull + 20_000; written++) journal.write(all[written]!)
  journal.close()
  expect(read(path)).toEqual(all.slice(0, written))
})
