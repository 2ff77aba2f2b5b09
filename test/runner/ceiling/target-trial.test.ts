import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startKnown } from '../../../src/runner/calibration/known-server.ts'
import { openBench } from '../../../src/runner/ceiling/bench.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { newRunFolder } from '../../../src/runner/records/run-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-target-trial-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const events = { phase: () => {}, sample: () => {}, progress: () => {} }

describe('a trial against a server that is not ours', () => {
  it.each([
    ['that tells nothing of its effects', false],
    ['that tells them', true],
  ])('%s fails by nothing but what was measured', async (name, isFollowed) => {
    const standing = await startKnown({ kind: 'fixed', ms: 0 })
    try {
      const target = standing.address
      const given = { target, provider: 'generic', p99: '300s', ...(isFollowed && { effects: target }) }
      const { settings } = settingsOf('steady', given)
      const own = join(folder, name)
      // Left by a trial that was cut short.
      newRunFolder(join(own, 'trial'))
      const bench = await openBench({ settings, folder: own, events, interrupt: new AbortController().signal })
      const trial = await bench.try({ purpose: 'search', ratePerS: 50, durationMs: 1_000, name: 'trial' })
      await bench.stop()
      expect(trial.folder).toBe('trial-2')
      // On a busy machine an answer or an effect may be late: that is no harm, and undecided at most.
      const { harm, refusals, effect, other } = trial.clauses
      expect({ harm, refusals, other }).toEqual({ harm: 'passed', refusals: 'passed', other: 'passed' })
      expect(['passed', 'undecided']).toContain(effect)
    } finally {
      await standing.stop()
    }
  })
})
