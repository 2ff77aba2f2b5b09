import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { stacksOf, variedOf } from '../../../src/runner/compare/stacks.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { GOAL } from '../../../src/runner/search/search.ts'
import { openSearches, takeCeilingTurns } from '../../../src/runner/turns/ceiling-turns.ts'
import { SOUND, trialsOn } from '../search/binding/numbered-service.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'floodmark-turns-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const stacks = stacksOf(settingsOf('steady', {}).settings, [variedOf('queue=embedded,memory')])

function take(named: string, { budgetMs = 3_600_000, othersCores = 0, stopAfter = Number.POSITIVE_INFINITY } = {}) {
  const searches = openSearches(join(folder, named), stacks, 6_000)
  const interrupt = new AbortController()
  const turns: string[] = []
  let made = 0
  const ended = takeCeilingTurns({
    ...{ stacks: searches, goal: { ...GOAL, ratePerSMax: 100_000 }, acceptP99Ms: 250, trialMs: 6_000, budgetMs },
    ...{ forced: false, interrupt: interrupt.signal, onTurn: () => {} },
    events: ({ name }) => {
      turns.push(name)
      return { phase() {}, sample() {}, progress() {} }
    },
    onTrial: () => {
      if (++made >= stopAfter) interrupt.abort()
    },
    open: async () => {
      const tried = trialsOn(SOUND, 3 + turns.length)
      return {
        try: async ({ purpose, ratePerS, name }) => ({
          ...tried(purpose, ratePerS),
          ...{ folder: name, machine: { othersCores, stolen: 0 } },
        }),
        stop: async () => {},
      }
    },
  }).finally(() => searches.forEach(({ file }) => void file.close()))
  return ended.then(() => ({ searches, turns }))
}

describe('searches for the ceilings of several stacks', () => {
  it('go in turns of a few trials, forward and backward, until each is known', async () => {
    const { searches, turns } = await take('whole')
    const [a, b] = stacks.map(({ name }) => name)
    expect(turns.slice(0, 4)).toEqual([a, b, b, a])
    expect(searches.map(({ ceiling }) => ceiling!.found.kind)).toEqual(['found', 'found'])
  })

  it('are over when the time of a stack is', async () => {
    const { searches } = await take('short', { budgetMs: 30_000 })
    expect(searches.map(({ ceiling }) => ceiling!.found.kind)).toEqual(['budget-over', 'budget-over'])
  })

  it('go on where they were interrupted', async () => {
    const cut = await take('cut', { stopAfter: 6 })
    expect(cut.searches.map(({ file }) => file.trials.length)).toEqual([4, 2])
    const { searches } = await take('cut')
    expect(searches.map(({ ceiling }) => ceiling!.found.kind)).toEqual(['found', 'found'])
    expect(searches[0]!.file.trials.slice(0, 4)).toEqual(cut.searches[0]!.file.trials.slice(0, 4))
  })

  it('count no trial beside which something else used the machine', async () => {
    const { searches } = await take('busy', { othersCores: 1 })
    for (const { file, ceiling } of searches) {
      expect(file.trials.every(({ outcome }) => outcome === 'invalid')).toBe(true)
      expect(ceiling!.found.kind).toBe('not-measurable')
    }
  })
})
