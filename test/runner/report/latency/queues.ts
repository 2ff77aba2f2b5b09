import { readFileSync } from 'node:fs'
import { exponential, type Random } from '../../../../src/core/contracts/random.ts'
import { Latencies } from '../../../../src/runner/report/latency/latencies.ts'
import type { Percentiles } from '../../../../src/runner/report/latency/percentiles.ts'

/** Waits whose true percentiles are known: sampled as a sender would, by when each was due. */
export interface Source {
  /** So many waits of one run. */
  run(random: Random, count: number): Percentiles
  /** What an endless run would show. */
  truth(q: number): number
}

const SERVED_PER_MS = 0.5
/** Arrivals until a queue that began empty is like any other. */
const WARM_UP = 4_000
const LONG = 2_000_000

/** One server, Poisson arrivals; services that differ as much as arrivals do, or not at all. */
export function queue(services: 'exponential' | 'constant', load: number, random: Random): Source {
  const perMs = load * SERVED_PER_MS
  function* waits(from: Random, count: number): Generator<[atMs: number, tookMs: number]> {
    let atMs = 0
    let waitMs = 0
    for (let event = -WARM_UP; event < count; event++) {
      const serviceMs = (services === 'constant' ? 1 : exponential(from)) / SERVED_PER_MS
      if (event >= 0) yield [atMs, waitMs + serviceMs]
      const gapMs = exponential(from) / perMs
      waitMs = Math.max(0, waitMs + serviceMs - gapMs)
      atMs += gapMs
    }
  }
  const exact = (q: number) => -Math.log(1 - q) / (SERVED_PER_MS - perMs)
  return sourceOf(waits, services === 'constant' ? quantilesOf(waits(random, LONG)) : exact)
}

/** A server at once, that stands still now and then: everybody who comes meanwhile waits until it is over. */
export function stalls(everyMs: number, forMs: number, random: Random): Source {
  function* waits(from: Random, count: number): Generator<[atMs: number, tookMs: number]> {
    let atMs = 0
    let stallMs = everyMs * exponential(from)
    for (let event = 0; event < count; event++) {
      atMs += exponential(from)
      while (atMs >= stallMs + forMs) stallMs += forMs + everyMs * exponential(from)
      yield [atMs, exponential(from) + (atMs >= stallMs ? stallMs + forMs - atMs : 0)]
    }
  }
  return sourceOf(waits, quantilesOf(waits(random, LONG)))
}

/** What a run on a real machine measured, drawn anew in pieces of a quarter second. */
export function measured(): Source {
  const lines = readFileSync(new URL('measured.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
  const rows = lines.map((line) => line.split(',').map(Number) as [atMs: number, tookMs: number])
  const pieces = Map.groupBy(rows, ([atMs]) => Math.floor(atMs / PIECE_MS))
    .values()
    .toArray()
  function* waits(from: Random, count: number): Generator<[atMs: number, tookMs: number]> {
    let left = count
    for (let piece = 0; ; piece++) {
      for (const [atMs, tookMs] of pieces[Math.floor(from() * pieces.length)]!) {
        if (left-- <= 0) return
        yield [piece * PIECE_MS + (atMs % PIECE_MS), tookMs]
      }
    }
  }
  return sourceOf(waits, quantilesOf(rows))
}
const PIECE_MS = 250

function sourceOf(
  waits: (random: Random, count: number) => Iterable<[atMs: number, tookMs: number]>,
  truth: Source['truth'],
): Source {
  return {
    truth,
    run(random, count) {
      const latencies = new Latencies()
      for (const [atMs, tookMs] of waits(random, count)) latencies.record(atMs, tookMs)
      return latencies.percentiles()
    },
  }
}

function quantilesOf(waits: Iterable<[atMs: number, tookMs: number]>): Source['truth'] {
  const sorted = Float64Array.from(waits, ([, tookMs]) => tookMs).sort()
  return (q) => sorted[Math.ceil(q * sorted.length) - 1]!
}
