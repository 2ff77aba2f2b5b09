import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { buriedPath, effectsPath } from '../../../src/runner/records/run-record.ts'
import { drain } from '../../../src/runner/run/drain.ts'
import type { Stack } from '../../../src/runner/testbed/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-drain-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Drains a stack whose ledger is slow to answer the first `failures` looks. Gives how many were made. */
async function drained(failures: number, interrupt = new AbortController().signal) {
  let looks = 0
  const stack = {
    members: [],
    async export() {
      if (++looks <= failures) throw new FloodmarkError('unavailable', 'it did not answer within 5000 ms')
      for (const path of [effectsPath(folder), buriedPath(folder)]) writeFileSync(path, '')
    },
  } as unknown as Stack
  const at = { folder, startAtMs: preciseNow(), journals: [], drainMs: 60_000, lookMs: 0 }
  const ended = await drain({ stack, ...at, interrupt, onDrained: () => {} })
  return { looks, drained: ended.drained }
}

describe('the look at the ledger when all is sent', () => {
  it('is made again where it failed: a run is not lost with one slow answer', async () => {
    expect(await drained(4)).toEqual({ looks: 5, drained: true })
  })

  it('fails in the end with what it failed with', async () => {
    await expect(drained(Number.POSITIVE_INFINITY)).rejects.toThrow('it did not answer within 5000 ms')
  })

  it('is not made again in a run that is interrupted', async () => {
    await expect(drained(1, AbortSignal.abort())).rejects.toThrow('it did not answer within 5000 ms')
  })
})
