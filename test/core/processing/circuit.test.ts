import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { Circuit, type CircuitLimits } from '../../../src/core/processing/circuit.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'

const LIMITS: CircuitLimits = {
  ...SERVICE_DEFAULTS.circuit,
  outcomesMin: 4,
  outcomesMax: 8,
  freeRoundsMax: 3,
  failedInARowMax: 7,
}

function aCircuit(over: Partial<CircuitLimits> = {}) {
  const clock = new VirtualClock()
  const circuit = new Circuit({ ...LIMITS, ...over }, clock)
  const fail = (times = 1, isFirstTry = true) => {
    let own: boolean | undefined
    for (let n = 0; n < times; n++) own = circuit.failed(circuit.enter()!, isFirstTry)
    return own
  }
  const succeed = (times = 1) => {
    for (let n = 0; n < times; n++) circuit.succeeded(circuit.enter()!)
  }
  return { clock, circuit, fail, succeed }
}

describe('a circuit', () => {
  it('opens when enough of the last outcomes failed, and the failure that opens it is not the event’s own', () => {
    const { circuit, fail, succeed } = aCircuit()
    succeed(8)
    expect(fail(6)).toBe(true)
    expect(circuit.isClosed).toBe(true)
    expect(fail()).toBe(false)
    expect(circuit.isClosed).toBe(false)
    expect(circuit.opened).toBe(1)
    expect(circuit.enter()).toBeUndefined()
    expect(circuit.holdMs()).toBe(1_000)
  })

  it('needs so many outcomes, and forgets the old ones', async () => {
    const { clock, circuit, fail } = aCircuit()
    fail(3)
    await clock.advance(LIMITS.windowMs + 1)
    fail(3)
    expect(circuit.isClosed).toBe(true)
    fail()
    expect(circuit.isClosed).toBe(false)
  })

  it('opens under little traffic when enough events have failed in a row, however long that took', async () => {
    const { clock, circuit, fail, succeed } = aCircuit({ failedInARowMax: 5 })
    for (const pass of [4, 4]) {
      for (let n = 0; n < pass; n++) {
        fail()
        fail(3, false)
        await clock.advance(LIMITS.windowMs)
      }
      expect(circuit.isClosed).toBe(true)
      succeed()
    }
    for (let n = 0; n < 5; n++) {
      expect(circuit.isClosed).toBe(true)
      await clock.advance(LIMITS.windowMs)
      fail()
    }
    expect(circuit.isClosed).toBe(false)
  })

  it('takes an event that fails however often for one outcome', () => {
    const { circuit, fail } = aCircuit()
    fail()
    expect(fail(1_000, false)).toBe(true)
    expect(circuit.isClosed).toBe(true)
  })

  it('lets a few probes through after its time, and one success closes it with an empty window', async () => {
    const { clock, circuit, fail } = aCircuit()
    fail(4)
    await clock.advance(1_000)
    const passes = [circuit.enter(), circuit.enter(), circuit.enter(), circuit.enter()]
    expect(passes.map((pass) => pass !== undefined)).toEqual([true, true, true, false])
    expect(circuit.holdMs()).toBe(100)
    expect(circuit.failed(passes[0]!, true)).toBe(false)
    circuit.succeeded(passes[1]!)
    expect(circuit.isClosed).toBe(true)
    // Begun while it was half-open: it says nothing of the circuit now, and costs its event nothing.
    expect(circuit.failed(passes[2]!, true)).toBe(false)
    fail(3)
    expect(circuit.isClosed).toBe(true)
  })

  it('opens for twice as long each time that all probes fail, up to the cap, and for openMs again after a calm window', async () => {
    const { clock, circuit, fail, succeed } = aCircuit({ openMsMax: 3_000, freeRoundsMax: 99 })
    fail(4)
    const waits: number[] = []
    for (let round = 0; round < 4; round++) {
      waits.push(circuit.holdMs())
      await clock.advance(circuit.holdMs())
      expect(fail(3)).toBe(false)
    }
    expect(waits).toEqual([1_000, 2_000, 3_000, 3_000])
    await clock.advance(3_000)
    succeed()
    fail(4)
    expect(circuit.holdMs()).toBe(3_000)
    await clock.advance(3_000)
    succeed()
    await clock.advance(LIMITS.windowMs + 1)
    fail(4)
    expect(circuit.holdMs()).toBe(1_000)
    expect(circuit.opened).toBe(3)
  })

  it('charges failed probes to their events when it has probed in vain for very long', async () => {
    const { clock, circuit, fail } = aCircuit()
    fail(4)
    for (let round = 0; round < LIMITS.freeRoundsMax; round++) {
      await clock.advance(circuit.holdMs())
      expect(fail(3)).toBe(false)
    }
    await clock.advance(circuit.holdMs())
    expect(fail()).toBe(true)
  })

  it('gives a probe back that ended without saying anything', async () => {
    const { clock, circuit, fail } = aCircuit()
    fail(4)
    await clock.advance(1_000)
    for (let n = 0; n < 20; n++) circuit.left(circuit.enter()!)
    expect(fail(3)).toBe(false)
    expect(circuit.enter()).toBeUndefined()
  })

  it('stays closed with up to a third of the events always failing, and opens within 100 tries when all do', () => {
    const property = fc.property(fc.integer(), fc.double({ min: 0, max: 1 / 3, noNaN: true }), (seed, share) => {
      const { circuit, fail, succeed } = aCircuit(SERVICE_DEFAULTS.circuit)
      const random = seeded(seed)
      for (let n = 0; n < 500 && circuit.isClosed; n++) random() < share ? fail() : succeed()
      expect(circuit.opened).toBe(0)
      let tries = 0
      while (circuit.isClosed && tries < 100) {
        tries++
        fail()
      }
      expect(circuit.opened).toBe(1)
    })
    fc.assert(property, { numRuns: 200, seed: 11 })
  })
})
