import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Bench } from '../../../src/runner/ceiling/bench.ts'
import { type CeilingOptions, findCeiling } from '../../../src/runner/ceiling/find-ceiling.ts'
import { TrialsFile } from '../../../src/runner/ceiling/trials-file.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { doubtWords } from '../../../src/runner/render/words/ceiling.ts'
import { ceilingSchema, type TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'
import { GOAL } from '../../../src/runner/search/search.ts'
import { ceilingOf, SOUND, trialsOn } from '../search/binding/numbered-service.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floodmark-find-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const { settings } = settingsOf('steady', {})

/** A bench of a service that exists as numbers. `before`: trials that were made already, so that chance goes on as it would have. */
function benchOf(before = 0): Bench {
  const tried = trialsOn(SOUND, 3)
  for (let at = 0; at < before; at++) tried('search', 1)
  return {
    try: async ({ purpose, ratePerS, name, intervention }) => ({
      ...tried(purpose, ratePerS, intervention),
      folder: name,
    }),
    stop: async () => {},
  }
}

/** The same bench, with a clock of its own. A trial takes `aroundMs` more than it sends. */
function timedBench(aroundMs: number): { readonly bench: Bench; readonly clock: () => number } {
  const known = benchOf()
  let nowMs = 0
  const bench: Bench = {
    ...known,
    try: async (trial) => {
      const tookMs = trial.durationMs + aroundMs
      nowMs += tookMs
      return { ...(await known.try(trial)), tookMs }
    },
  }
  return { bench, clock: () => nowMs }
}

function search(file: TrialsFile, options: Partial<CeilingOptions> = {}) {
  return findCeiling({
    ...{ bench: benchOf(), settings, acceptP99Ms: 250, file, trialMs: 6_000, budgetMs: 600_000 },
    ...{ goal: { ...GOAL, ratePerSMax: 100_000 }, interrupt: new AbortController().signal, onTrial: () => {} },
    ...options,
  })
}
const purposes = (trials: readonly TrialRecord[]) => new Set(trials.map(({ purpose }) => purpose))

describe('a search for a ceiling, from the first trial to the answer', () => {
  it('finds the ceiling, and nothing else unless it is asked', async () => {
    const file = TrialsFile.begin(folder, settings, 6_000)
    const found = await search(file)
    file.close()
    expect(found.found.kind).toBe('found')
    expect(Math.abs(found.found.interval!.mid / ceilingOf(SOUND) - 1)).toBeLessThan(0.1)
    expect(purposes(found.trials)).toEqual(new Set(['saturation', 'anchor', 'search', 'soak']))
    expect(found.binding).toBeNull()
    // What was not asked is nothing that is missing.
    expect(doubtWords(found).join()).not.toContain('1,000 events cost')
  })

  it('asked for more, has what is accepted, what an event costs and what binds', async () => {
    const file = TrialsFile.begin(folder, settings, 6_000)
    const told: number[] = []
    const found = await search(file, {
      also: ['accepted', 'costs', 'binding'],
      onTrial: (_trial, _elapsedMs, leftMs) => told.push(leftMs),
    })
    file.close()
    expect(ceilingSchema.parse(JSON.parse(JSON.stringify(found)))).toBeDefined()
    expect(found.accept.interval!.mid / found.found.interval!.mid).toBeGreaterThan(1.2)
    expect(found.costs.map(({ ofCeiling }) => ofCeiling)).toEqual([0.1, 0.5, 0.9].map((one) => expect.closeTo(one, 2)))
    expect(found.binding).toMatchObject({ binds: 'receiving-thread', stages: { whole: true } })
    expect(told).toHaveLength(found.trials.length)
    expect(told[0]).toBeGreaterThan(0)
    // The time that is left covers what is asked beside the ceiling.
    const firstCost = found.trials.findIndex(({ purpose }) => purpose === 'cost')
    expect(told[firstCost]).toBeGreaterThan(0)
    expect(told.at(-1)!).toBeLessThan(told[firstCost]!)
  })

  it('that was cut short goes on where it was, and makes no trial twice', async () => {
    const whole = TrialsFile.begin(join(folder), settings, 6_000)
    const expected = (await search(whole, { also: ['costs'] })).trials.map(({ purpose, ratePerS }) => [
      purpose,
      ratePerS,
    ])
    whole.close()
    rmSync(join(folder, 'trials.jsonl'))

    const interrupt = new AbortController()
    const first = TrialsFile.begin(folder, settings, 6_000)
    const cut = await search(first, {
      also: ['costs'],
      interrupt: interrupt.signal,
      onTrial: () => first.trials.length === 7 && interrupt.abort(),
    })
    first.close()
    expect(cut).toMatchObject({ interrupted: true })
    expect(cut.trials).toHaveLength(7)

    const second = TrialsFile.resume(folder, settings, 6_000)
    // Each trial of the numbers draws as often as any other, so chance goes on as well.
    const { trials } = await search(second, { also: ['costs'], bench: benchOf(7) })
    second.close()
    expect(trials.map(({ purpose, ratePerS }) => [purpose, ratePerS])).toEqual(expected)
  })

  it('has as many trials again when somebody lets it go on', async () => {
    const short = { goal: { ...GOAL, ratePerSMax: 20_000, ratioMax: 1.001, trialsMax: 5, soaks: false } }
    const first = TrialsFile.begin(folder, settings, 6_000)
    await search(first, short)
    first.close()
    const before = first.trials.length
    const second = TrialsFile.resume(folder, settings, 6_000)
    await search(second, { ...short, bench: benchOf(before) })
    second.close()
    expect(second.trials.length).toBeGreaterThanOrEqual(before + 5)
  })

  it('that was cut short before a trial had sent anything has its answer from those before', async () => {
    const interrupt = new AbortController()
    const file = TrialsFile.begin(folder, settings, 6_000)
    const known = benchOf()
    const cut = await search(file, {
      interrupt: interrupt.signal,
      bench: {
        ...known,
        try: async (trial) => {
          if (file.trials.length < 3) return known.try(trial)
          interrupt.abort()
          throw new FloodmarkError('unavailable', 'interrupted before the first event was sent')
        },
      },
    })
    file.close()
    expect(cut).toMatchObject({ interrupted: true })
    expect(cut.trials).toHaveLength(3)
  })

  it.each([90_000, 150_000, 300_000])(
    'keeps to a budget of %i ms, with servers that started and what is asked beside the ceiling',
    async (budgetMs) => {
      const spentMs = 8_000
      const timed = timedBench(9_000)
      const file = TrialsFile.begin(folder, settings, 6_000)
      const found = await search(file, {
        ...{ ...timed, budgetMs, spentMs, also: ['accepted', 'costs', 'binding'] },
      })
      file.close()
      expect(timed.clock() + spentMs).toBeLessThanOrEqual(budgetMs)
      expect(found.found.interval).not.toBeNull()
      // In a minute and a half there may be no time for a soak, in five there is time for all.
      if (budgetMs > 90_000) expect(purposes(found.trials)).toContain('soak')
      if (budgetMs > 200_000) expect(found.costs).toHaveLength(3)
    },
  )

  it('that does not become narrow in time leaves half of it for a soak, costs and what binds', async () => {
    const timed = timedBench(10_000)
    const file = TrialsFile.begin(folder, settings, 6_000)
    const found = await search(file, {
      ...{ ...timed, budgetMs: 1_200_000, also: ['accepted', 'costs', 'binding'] },
      goal: { ...GOAL, ratePerSMax: 100_000, ratioMax: 1.0001, trialsMax: 1_000 },
    })
    file.close()
    expect(found.found).toMatchObject({ kind: 'budget-over', soakedPerS: expect.any(Number) })
    expect(found.costs).toHaveLength(3)
    expect(found.binding).toMatchObject({ binds: 'receiving-thread' })
    expect(doubtWords(found).join()).not.toContain('What binds was not looked for')
    expect(timed.clock()).toBeLessThanOrEqual(1_200_000)
  })

  it('says that it was not asked what binds, where the ceiling is not known', async () => {
    const file = TrialsFile.begin(folder, settings, 6_000)
    const found = await search(file, { budgetMs: -1, also: ['binding'] })
    file.close()
    expect(found.binding).toBeNull()
    expect(doubtWords(found).join()).toContain('What binds was not looked for')
  })

  it('that has no time left makes no trial, and says what it knows', async () => {
    const file = TrialsFile.begin(folder, settings, 6_000)
    const found = await search(file, { budgetMs: -1, also: ['accepted', 'costs'] })
    file.close()
    expect(found.found).toEqual({ kind: 'budget-over', interval: null, soakedPerS: null })
    expect(found.trials).toEqual([])
  })
})
