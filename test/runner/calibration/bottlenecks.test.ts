import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { findBottleneck } from '../../../src/runner/calibration/bottlenecks/find-bottleneck.ts'
import { judgeBottleneck } from '../../../src/runner/calibration/bottlenecks/judge.ts'
import {
  BOTTLENECK_NAMES,
  type Bottleneck,
  plantedBottlenecks,
} from '../../../src/runner/calibration/bottlenecks/planted.ts'
import { type Bench, openBench } from '../../../src/runner/ceiling/bench.ts'
import { namesIn } from '../../../src/runner/cli/calibrate/bottlenecks.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import type { Plant } from '../../../src/runner/records/intervention.ts'
import { ceilingOf, plantedIn, trialsOn } from '../search/binding/numbered-service.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

const planted = plantedBottlenecks(2)
const NOBODY = new AbortController().signal

/** Trials of the plant as numbers. */
function numbered(plant: Plant, seed: number): Bench {
  const tried = trialsOn(plantedIn(plant), seed)
  return {
    try: async ({ purpose, ratePerS, name, intervention }) => ({
      ...tried(purpose, ratePerS, intervention),
      folder: name,
    }),
    stop: async () => {},
  }
}

async function found(one: Bottleneck, open = (plant: Plant) => numbered(plant, 5), interrupt = NOBODY) {
  const options = { trialMs: 4_000, interrupt, onTrial: () => {} }
  const all = await findBottleneck(one, { ...options, open: async (plant) => open(plant) })
  return { ...all, ...judgeBottleneck(one, all) }
}

describe('a planted bottleneck, as numbers', () => {
  it.each(BOTTLENECK_NAMES)('%s is named, and half of it gains what was predicted', async (name) => {
    const one = planted[name]
    const { named, part, ceiling, isRight, off, trials } = await found(one)
    expect({ named, part, isRight }, `${off} off`).toEqual({
      ...{ named: one.resource, part: one.part ?? null, isRight: true },
    })
    // The law that the search begins at is about that of the plant.
    expect(Math.abs(one.lawPerS / ceilingOf(plantedIn(one.plant)) - 1)).toBeLessThan(0.3)
    expect(Math.abs(ceiling!.mid / ceilingOf(plantedIn(one.plant)) - 1)).toBeLessThan(0.1)
    expect(trials.length).toBeLessThanOrEqual(60)
  })

  it('is wrong where another one is named', async () => {
    const other = { ...planted['broker-latency'], resource: 'effect-latency' } as const
    expect(await found(other)).toMatchObject({ named: 'queue-latency', isRight: false })
  })

  it('is wrong where half of it gains nothing', async () => {
    const one = planted['slow-effects']
    const stuck = await found(one, () => numbered(one.plant, 5))
    expect(stuck).toMatchObject({ named: 'effect-latency', isRight: false })
  })

  it('is not measurable where no trial counts', async () => {
    const invalid = (plant: Plant): Bench => {
      const bench = numbered(plant, 5)
      return { ...bench, try: async (trial) => ({ ...(await bench.try(trial)), outcome: 'invalid' }) }
    }
    expect(await found(planted['slow-sync'], invalid)).toMatchObject({ ceiling: null, named: null, isRight: null })
  })

  it('is not measurable where no trial with the delay counts', async () => {
    const late = (plant: Plant): Bench => {
      const bench = numbered(plant, 5)
      const tried: Bench['try'] = async (trial) => {
        const one = await bench.try(trial)
        return trial.intervention ? { ...one, outcome: 'invalid' } : one
      }
      return { ...bench, try: tried }
    }
    expect(await found(planted['slow-sync'], late)).toMatchObject({ named: null, isRight: null })
  })

  it('ends without an error where it is interrupted while a trial starts', async () => {
    const interrupt = new AbortController()
    const starting = (plant: Plant): Bench => {
      const cut = async () => {
        interrupt.abort()
        throw new Error('its start was interrupted')
      }
      return { ...numbered(plant, 5), try: cut }
    }
    expect(await found(planted['slow-sync'], starting, interrupt.signal)).toMatchObject({ ceiling: null, trials: [] })
  })
})

describe('their names', () => {
  it('are all of them, or those of a list; another one is a mistake', () => {
    expect(namesIn(true)).toEqual(BOTTLENECK_NAMES)
    expect(namesIn('slow-sync, main-thread')).toEqual(['slow-sync', 'main-thread'])
    expect(() => namesIn('slow-snyc')).toThrow("--bottlenecks 'slow-snyc' is none: use main-thread")
  })
})

describe('a planted bottleneck, in processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-bottlenecks-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is named', { tags: 'full', timeout: 900_000 }, async () => {
    const one = planted['broker-latency']
    const { settings } = settingsOf('steady', { ...one.config, p99: '1s' })
    const events = { phase: () => {}, sample: () => {}, progress: () => {} }
    const named = new AbortController()
    const { binding } = await findBottleneck(one, {
      open(plant) {
        // The ceiling with half of it is looked for after that; it is no part of the name.
        if (plant === one.halved) named.abort()
        return openBench({ settings, plant, folder, events, interrupt: NOBODY })
      },
      trialMs: 3_000,
      interrupt: named.signal,
      onTrial: () => {},
    })
    // null: the machine was too busy to measure on, or to tell, which says nothing.
    expect([null, one.resource]).toContain(binding?.binds ?? null)
  })
})
