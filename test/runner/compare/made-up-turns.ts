import type { TurnFigures } from '../../../src/runner/compare/turn-schema.ts'
import { Latencies } from '../../../src/runner/report/latency/latencies.ts'
import { gaussian, seeded } from './seeded.ts'

const EVENTS = 8_000
const PEAK_MS = 12_000

export interface MadeUpStack {
  readonly name: string
  /** So many times as slow as the standard one. */
  readonly slower?: number
  readonly survives?: readonly string[]
}

/**
 * Runs of stacks whose truth is known: response times with a long tail and stalls now and then, on a machine whose speed
 * changes from round to round, and where two runs of one stack are not alike.
 */
export function madeUpTurns(seed: number, stacks: readonly MadeUpStack[], rounds: number): TurnFigures[] {
  const random = seeded(seed)
  return Array.from({ length: rounds }, (_, round) => {
    const machine = Math.exp(0.1 * gaussian(random))
    return stacks.map(({ name, slower = 1, survives = ['receiver-crash'] }) => {
      const own = machine * slower * Math.exp(0.02 * gaussian(random))
      return { ...turn(name, round, survives), waits: waitsOf(random, own) }
    })
  }).flat()
}

function waitsOf(random: () => number, own: number): TurnFigures['waits'] {
  const of = new Latencies()
  const stallAtMs = random() * PEAK_MS
  for (let n = 0; n < EVENTS; n++) {
    const atMs = (n * PEAK_MS) / EVENTS
    const stalled = atMs > stallAtMs && atMs < stallAtMs + 20 ? stallAtMs + 20 - atMs : 0
    of.record(atMs, own * (2 * Math.exp(0.5 * gaussian(random))) + stalled)
  }
  const [p50Ms, p99Ms] = [of.sampleQuantileMs(0.5)!, of.sampleQuantileMs(0.99)!]
  return { p50Ms, p99Ms, eventP99Ms: p99Ms, effectP99Ms: 2 * p99Ms }
}

/** A run that went well. */
export function turn(stack: string, round: number, survives: readonly string[] = ['receiver-crash']): TurnFigures {
  const shown = { survives: [...survives], basis: 'measured' as const }
  return {
    ...{ scenario: 'flash-sale', stack, round, folder: `run-${round}`, startedAt: '2026-01-31T08:00:00.000Z' },
    ...{ verdict: 'PASS', failed: [], planned: EVENTS, recoveredMs: null },
    waits: { p50Ms: 2, p99Ms: 10, eventP99Ms: 10, effectP99Ms: 20 },
    cpuPer1000: { stack: 300, servers: 20 },
    ...{ bytesPer1000: { disk: 900_000, wire: 1_400_000 }, takeoverMs: null },
    harm: { lost: 0, doubled: 0, altered: 0, reordered: 0, unexpected: 0 },
    notAccepted: { refused: 0, unanswered: 0, givenUp: 0 },
    durability: { queue: shown, ledger: shown },
    machine: { othersCores: 0.05, stolen: 0 },
  }
}
