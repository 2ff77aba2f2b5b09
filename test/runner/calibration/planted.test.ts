import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { OFF_MAX, QUICK_CASES } from '../../../src/runner/calibration/cases.ts'
import { knownP99Ms } from '../../../src/runner/calibration/closed-forms.ts'
import { runCase } from '../../../src/runner/calibration/run-case.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-calibration-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const events = { phase: () => {}, sample: () => {}, progress: () => {} }
const options = { folder, events, interrupt: new AbortController().signal }
const planted = QUICK_CASES.filter(({ measures }) => measures === 'planted')
/** Whole searches take minutes of a quiet machine each: `npm run calibrate -- --ceilings` makes them. */
const ofP99 = QUICK_CASES.filter((one) => one.measures === 'p99')

/** What a machine that is busy with something else adds to a p99. On a quiet one `npm run calibrate` grants nothing for it. */
const BUSY_MS = 10
const isNear = (found: number, truth: number) => Math.abs(found - truth) <= OFF_MAX * truth + BUSY_MS

describe('a server of known behaviour, in a process of its own', () => {
  it('has exactly as many events lost, doubled and altered in the report as were planted', async () => {
    for (const found of await Promise.all(planted.map((one) => runCase(one, options)))) {
      expect(found.truth).toBeGreaterThan(0)
      expect(found.found).toBe(found.truth)
    }
  })

  it.each(ofP99)(
    'is measured within 5%% and what a busy machine adds: $measures of $server',
    { tags: 'full', timeout: 600_000 },
    async (one) => {
      const { truth, found } = await runCase(one, options)
      // The machine was too busy to measure on, which says nothing.
      if (found === null) return
      expect(isNear(found, truth), `found ${found} ms, known ${truth} ms`).toBe(true)
    },
  )

  it('is not near the known one where it is twice that, or half', () => {
    for (const { server, ratePerS } of ofP99) {
      const truth = knownP99Ms(server, ratePerS)!
      expect(
        [2 * truth, truth / 2].map((found) => isNear(found, truth)),
        server.kind,
      ).toEqual([false, false])
    }
  })
})
