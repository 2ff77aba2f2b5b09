import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { QUICK_CASES } from '../../../src/runner/calibration/cases.ts'
import { runCase } from '../../../src/runner/calibration/run-case.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-calibration-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const events = { phase: () => {}, sample: () => {}, progress: () => {} }
const options = { folder, events, interrupt: new AbortController().signal }
const planted = QUICK_CASES.filter(({ measures }) => measures === 'planted')
/** Whole searches take minutes of a quiet machine each: `npm run calibrate -- --ceilings` makes them. */
const rest = QUICK_CASES.filter((one) => !planted.includes(one))

describe('a server of known behaviour, in a process of its own', () => {
  it('has exactly as many events lost, doubled and altered in the report as were planted', async () => {
    for (const found of await Promise.all(planted.map((one) => runCase(one, options)))) {
      expect(found.truth).toBeGreaterThan(0)
      expect(found.found).toBe(found.truth)
    }
  })

  it.concurrent.each(rest)(
    'is measured within 5%%: $measures of $server',
    { tags: 'full', timeout: 600_000 },
    async (one) => {
      const { truth, found, isRight } = await runCase(one, options)
      // null: the machine was too busy to measure on, which says nothing.
      expect(isRight, `found ${found}, known ${truth}`).not.toBe(false)
    },
  )
})
