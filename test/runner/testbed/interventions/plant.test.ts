import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import generic from '../../../../providers/generic.ts'
import type { Effect } from '../../../../src/core/contracts/ledger.ts'
import type { Queue } from '../../../../src/core/contracts/queue.ts'
import type { Plant } from '../../../../src/runner/records/intervention.ts'
import { Interventions } from '../../../../src/runner/testbed/interventions/interventions.ts'
import { plant, plantedLimits, plantedProvider } from '../../../../src/runner/testbed/interventions/plant.ts'
import { Levers } from '../../../../src/runner/testbed/process-levers.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function leversWith(planted: Plant): Levers {
  const levers = new Levers(() => 0.5)
  plant(levers, planted)
  return levers
}

describe('what is planted in a process', () => {
  it('makes publishes and effects wait', async () => {
    const told: string[] = []
    const levers = leversWith({ publishMs: 50, effectMs: 50 })
    const queue = levers.queue({ traits: {}, publish: async () => void told.push('safe') } as unknown as Queue)
    const publishing = queue.publish([], { deadlineMs: 1 }).then(() => told.push('answered'))
    const effect = levers.effect(() => void told.push('effect'))
    const running = effect({} as never, {} as never)
    await vi.advanceTimersByTimeAsync(40)
    expect(told).toEqual(['safe'])
    await vi.advanceTimersByTimeAsync(20)
    await Promise.all([publishing, running])
    expect(told.toSorted()).toEqual(['answered', 'effect', 'safe'])
  })

  it('lies beneath what a trial does: an effect that is done twice is twice as slow', () => {
    // A clock that goes on by a ms whenever somebody looks.
    let nowMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs++)
    let began = 0
    const work: Effect = () => void began++
    const levers = leversWith({ effectCpuMs: 20 })
    const twice = new Interventions({ what: 'twice', stage: 'effect' }).effect(levers.effect(work))
    twice({} as never, {} as never)
    expect(began).toBe(2)
    expect(nowMs).toBeGreaterThanOrEqual(40)
  })

  it('is a provider’s verification by an address that a trial can change again', () => {
    const planted = plantedProvider(generic.module, { verifyCpuMs: 3 })
    expect(new URL(planted).searchParams.get('spinMs')).toBe('3')
    const twice = new URL(new Interventions({ what: 'twice', stage: 'verify' }).provider(planted))
    expect(twice.searchParams.get('of')).toBe(planted)
    expect(plantedProvider(generic.module, {})).toBe(generic.module)
  })

  it('has its places as limits of the service, but for those of the queue', () => {
    expect(plantedLimits({ places: { publishesMax: 1, publishEventsMax: 24, handlersMax: 2 } })).toEqual({
      publishesMax: 1,
      handlersMax: 2,
    })
    expect(plantedLimits({})).toEqual({})
  })
})
