import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { measureScaling } from '../../../src/runner/scaling/measure.ts'
import { SOUND, trialsOn } from '../search/binding/numbered-service.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'floodmark-scaling-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  ['a server of the next count does not start', false],
  ['it is interrupted while that starts', true],
])('what was measured stays where %s', async (name, isInterrupted) => {
  const interrupt = new AbortController()
  const refused = new Error('no server')
  const { scaling, failure } = await measureScaling({
    ...{ settings: settingsOf('steady', {}).settings, counts: [1, 2, 3], folder: join(folder, name), trialMs: 6_000 },
    ...{ budgetMs: 3_600_000, ratePerSMax: 100_000, interrupt: interrupt.signal, onPoint() {} },
    events: { phase() {}, sample() {}, progress() {} },
    open: async ({ settings: { processes } }) => {
      if (processes === 1) {
        if (isInterrupted) interrupt.abort()
        throw refused
      }
      const tried = trialsOn(SOUND, 3)
      return {
        try: async ({ purpose, ratePerS, name: trial }) => ({ ...tried(purpose, ratePerS), folder: trial }),
        stop: async () => {},
      }
    },
  })
  expect(scaling.points.map(({ processes, why }) => [processes, why])).toEqual([
    [2, null],
    [3, null],
  ])
  expect(failure).toBe(isInterrupted ? undefined : refused)
})
