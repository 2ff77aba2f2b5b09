import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import generic from '../../../providers/generic.ts'
import stripe from '../../../providers/stripe.ts'
import steady from '../../../scenarios/steady.ts'
import { sleep } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { type FaultKind, oneOf, processFault } from '../../../src/runner/faults/fault-kind.ts'
import { FAULT_KINDS, faultSchema, faultWords, kindOf, type PlannedFault } from '../../../src/runner/faults/index.ts'
import type { Victim } from '../../../src/runner/faults/victim.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { FaultInjector } from '../../../src/runner/run/fault-injector.ts'
import { mistakesIn } from '../../../src/runner/scenario/schema.ts'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { drawFaults } from '../../../src/runner/simulation/draw-faults.ts'
import { NO_FAILURES } from '../../../src/runner/simulation/failure-rates.ts'
import { simulate } from '../../../src/runner/simulation/simulate.ts'
import { Levers } from '../../../src/runner/testbed/process-levers.ts'

const DRAWS = 2_000
const PROVIDERS = [stripe, generic]
const drawnIn = (kinds: Readonly<Record<string, FaultKind>>) => {
  const random = seeded(7)
  return Array.from({ length: DRAWS }, () => drawFaults(random, PROVIDERS, kinds)).flat()
}

describe('the kinds of faults', () => {
  it('are a file each, and a line in the map', () => {
    const files = readdirSync(new URL('../../../src/runner/faults/kinds', import.meta.url))
    expect(files.map((file) => file.replace('.ts', '')).sort()).toEqual(Object.keys(FAULT_KINDS).sort())
  })

  it.each(Object.keys(FAULT_KINDS))(
    '%s is drawn by the simulation as a scenario may plan it, and has words',
    (name) => {
      const drawn = drawnIn(FAULT_KINDS).filter(({ what }) => what === name)
      expect(drawn.length).toBeGreaterThan(0)
      for (const fault of drawn) {
        expect(faultSchema().safeParse(fault).error?.message).toBeUndefined()
        expect(faultWords(fault)).toMatch(/\w/)
      }
    },
  )

  it('names the kinds that bury events, and only those can be replayed', () => {
    const replays = [{ of: 'dead-letters', at: 0.5, ratePerS: 10, buriedBy: 'kill' }]
    expect(mistakesIn({ ...steady, replays })).toMatch(/^replays.0.buriedBy: /)
    expect(mistakesIn({ ...steady, replays: [{ ...replays[0], buriedBy: 'poison' }] })).toBeUndefined()
  })
})

/** What is published takes its time, and one type of event does not come through. Nothing outside this file knows of it. */
const toy = processFault({
  schema: { strikes: z.enum(['receivers', 'stack']), addMs: z.number().nonnegative() },
  inside: (levers, { addMs }) =>
    levers.wrapPublish((publish) => async (events, options) => {
      await sleep(levers.clock, addMs)
      return publish(events, options)
    }),
  draw: (random) => ({ strikes: oneOf(random, ['receivers', 'stack'] as const), addMs: random() * 100 }),
  words: ({ addMs }) => `a toy that takes ${addMs} ms`,
})
const KINDS = { ...FAULT_KINDS, toy }
const planned = { what: 'toy', strikes: 'receivers', addMs: 700, at: 0, forMs: 100 } as unknown as PlannedFault

describe('a kind of fault that only this test knows', () => {
  it('is validated by its schema, and its mistakes are named', () => {
    const schema = faultSchema(KINDS)
    expect(schema.safeParse(planned).success).toBe(true)
    const pathOf = (wrong: object) => schema.safeParse({ ...planned, ...wrong }).error!.issues[0]!.path
    expect(pathOf({ addMs: -1 })).toEqual(['addMs'])
    expect(pathOf({ strikes: 'senders-link' })).toEqual(['strikes'])
    expect(pathOf({ at: 2 })).toEqual(['at'])
    expect(faultSchema().safeParse(planned).error!.issues[0]!.message).toMatch(/^use one of kill, /)
  })

  it('strikes a process, leaves a mark with its data, and is undone', async () => {
    const levers = new Levers(seeded(1))
    const published: number[] = []
    const queue = levers.queue({
      traits: {} as Queue['traits'],
      publish: async (events) => void published.push(events.length),
      consume: async () => {},
      probe: async () => {},
      depth: async () => ({ waiting: 0, inFlight: 0, oldestMs: undefined, exact: true }),
      close: async () => {},
    })
    const publish = () => queue.publish([], { deadlineMs: 1_000 })
    let struck = false
    const victim: Victim = {
      name: 'receiver 1',
      inject(fault) {
        struck = true
        return kindOf(fault, KINDS).inside!(levers, fault)
      },
    }
    const injector = new FaultInjector(KINDS)
    injector.schedule([{ ...planned, forMs: 60_000 }], 1_000, preciseNow(), () => [victim])
    await expect.poll(() => struck).toBe(true)
    const slow = publish()
    expect(published).toEqual([])
    await slow
    await injector.end(true)
    expect(injector.errors).toEqual([])
    expect(injector.marks).toMatchObject([{ kind: 'toy', victim: 'receiver 1', fault: { addMs: 700 } }])
    published.length = 0
    void publish()
    expect(published).toEqual([0])
  })

  it('says what it cannot strike', async () => {
    const injector = new FaultInjector(KINDS)
    injector.schedule([planned], 1_000, preciseNow(), () => [{ name: 'the redis server' }])
    await expect.poll(() => injector.errors).toHaveLength(1)
    expect(injector.errors[0]).toBe(
      'a toy that takes 700 ms: the redis server: the redis server cannot be struck so: it has no inject',
    )
    await injector.end(true)
  })

  it('is drawn by the simulation, and played in it', async () => {
    expect(drawnIn(KINDS).filter(({ what }) => (what as string) === 'toy').length).toBeGreaterThan(0)
    const play = async (faults: PlannedFault[]) => {
      const result = await simulate({
        seed: 3,
        scenario: {
          shape: () => 1,
          mix: [{ provider: 'stripe', share: 1 }],
          keys: { count: 20, zipf: 0 },
          effects: { failOnce: 0, failAlways: 0 },
          faults,
        },
        providers: [stripe],
        durationMs: 5_000,
        ratePerS: 20,
        services: 2,
        failureRates: NO_FAILURES,
        faultKinds: KINDS,
      })
      expect(alarmsOf(result)).toEqual([])
      return Math.max(...result.attempts.map(({ sentMs, doneMs }) => doneMs - sentMs))
    }
    expect(await play([])).toBeLessThan(500)
    expect(await play([{ ...planned, forMs: 2_000 }])).toBeGreaterThan(700)
  })

  it('is worded by itself', () => {
    expect(faultWords(planned, KINDS)).toBe('a toy that takes 700 ms')
  })
})

describe('a kind that buries events', () => {
  const bug = processFault({
    schema: { strikes: z.literal('processors'), provider: z.string(), type: z.string() },
    inside: (levers, { provider }) =>
      levers.wrapEffect((effect) => (event, tx) => {
        if (event.source === provider && event.type === 'charge.succeeded')
          throw new FloodmarkError('rejected', 'a bug')
        return effect(event, tx)
      }),
    buries: { reason: 'a bug', events: (fault) => fault },
    draw: () => ({ strikes: 'processors' as const, provider: 'stripe', type: 'charge.succeeded' }),
    words: () => 'a bug of a test',
  })

  it('is expected to by the audit of a simulation', async () => {
    const fault = {
      what: 'bug',
      strikes: 'processors',
      provider: 'stripe',
      type: 'charge.succeeded',
      at: 0.2,
      forMs: 3_000,
    }
    const result = await simulate({
      seed: 3,
      scenario: {
        shape: () => 1,
        mix: [{ provider: 'stripe', share: 1 }],
        keys: { count: 20, zipf: 0 },
        effects: { failOnce: 0, failAlways: 0 },
        faults: [fault as unknown as PlannedFault],
      },
      providers: [stripe],
      durationMs: 5_000,
      ratePerS: 20,
      services: 1,
      failureRates: NO_FAILURES,
      faultKinds: { ...FAULT_KINDS, bug },
    })
    expect(result.audit.buried).toBeGreaterThan(0)
    expect(alarmsOf(result)).toEqual([])
  })
})
