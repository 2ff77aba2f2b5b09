import { BLOCKS, type Blocks, effectiveSize, episodesOf } from './blocks.ts'
import { type AboveLimit, type EffectiveSizes, sharesAround, timesLonger } from './interval.ts'
import type { Percentiles } from './percentiles.ts'

type Quantile = NonNullable<Percentiles['p50']>

const FIRST_ROOM = 1_024
/** No clock and no event loop tells times apart that are nearer than this, ms, or this share of them. */
const RESOLUTION_MS = 0.01
const RESOLUTION_SHARE = 0.001
/**
 * What is slower than the median by no more than this share of it did not wait. A server that answers after exactly 50 ms takes 50.3 ms
 * for some seconds and 50.5 ms for the next; that says nothing of how its slow answers come.
 */
const WOBBLE_SHARE = 0.02

/** Times that something took, with when each began, since samples that are near in time depend on each other. */
export class Latencies {
  #at = new Float32Array(FIRST_ROOM)
  #took = new Float32Array(FIRST_ROOM)
  #count = 0
  #sumMs = 0
  #sorted: Float32Array | undefined

  /** ms since the start of the run, in any order, and how long it took: less than 0 where the end came before what it is counted from. */
  record(atMs: number, tookMs: number): void {
    if (this.#count === this.#at.length) {
      this.#at = grown(this.#at)
      this.#took = grown(this.#took)
    }
    this.#at[this.#count] = atMs
    this.#took[this.#count] = tookMs
    this.#count++
    this.#sorted = undefined
    this.#sumMs += tookMs
  }

  /** As it came out, without a word on how far it is true; undefined where nothing was recorded. */
  sampleQuantileMs(q: number): number | undefined {
    return this.#count === 0 ? undefined : quantileOf(this.#ordered(), q)
  }

  #ordered(): Float32Array {
    this.#sorted ??= this.#took.slice(0, this.#count).sort()
    return this.#sorted
  }

  /** What took longer than a limit. */
  above(limitMs: number): AboveLimit {
    const count = this.#count
    if (count === 0) return { count, share: 0, episodes: 0 }
    const blocks = blocksOf(this.#at.subarray(0, count), this.#took.subarray(0, count))(limitMs)
    const slow = blocks.slow.reduce((sum, some) => sum + some, 0)
    return { count, share: slow / count, episodes: episodesOf(blocks) }
  }

  percentiles(): Percentiles {
    const count = this.#count
    if (count === 0) return { count }
    const at = this.#at.subarray(0, count)
    const took = this.#took.subarray(0, count)
    const sorted = this.#ordered()
    const slowerThan = blocksOf(at, took)
    const median = quantileOf(sorted, 0.5)
    const ofMedian = effectiveSize(slowerThan(median + Math.abs(median) * WOBBLE_SHARE))
    const of = (q: number) => {
      const value = quantileOf(sorted, q)
      const blocks = slowerThan(value)
      return {
        value,
        sizes: { count, ofMedian, ofQuantile: effectiveSize(blocks), episodes: episodesOf(blocks) },
      }
    }
    const quantile = (q: number) => {
      const { value, sizes } = of(q)
      return withInterval(sorted, q, value, sizes)
    }
    const known = { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) }
    const { sizes } = of(0.99)
    return {
      count,
      meanMs: this.#sumMs / count,
      maxMs: sorted[count - 1]!,
      ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
      slowEpisodes: Math.max(1, sizes.episodes),
      ...(known.p99 ? {} : { p99TimesLonger: timesLonger(0.99, sizes) }),
    }
  }
}

/** The smallest value that at least the share q of the samples does not exceed. */
function quantileOf(sorted: Float32Array, q: number): number {
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(q * sorted.length))) - 1]!
}

function withInterval(sorted: Float32Array, q: number, value: number, sizes: EffectiveSizes): Quantile | undefined {
  const shares = sharesAround(q, sizes)
  if (!shares) return undefined
  const nearest = Math.max(RESOLUTION_MS, Math.abs(value) * RESOLUTION_SHARE)
  const leastMs = Math.min(0, sorted[0]!)
  return {
    ms: value,
    lowMs: Math.max(leastMs, Math.min(quantileOf(sorted, shares.low), value - nearest)),
    highMs: Math.max(quantileOf(sorted, shares.high), value + nearest),
  }
}

/** Counts, for any limit, the samples of each block of time and those above the limit. */
function blocksOf(at: Float32Array, took: Float32Array): (limit: number) => Blocks {
  const count = at.length
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let sample = 0; sample < count; sample++) {
    first = Math.min(first, at[sample]!)
    last = Math.max(last, at[sample]!)
  }
  const perMs = last > first ? BLOCKS / (last - first) : 0
  const blocks = new Uint16Array(count)
  const all = new Float64Array(BLOCKS)
  for (let sample = 0; sample < count; sample++) {
    const block = Math.min(BLOCKS - 1, Math.floor((at[sample]! - first) * perMs))
    blocks[sample] = block
    all[block]!++
  }
  return (limit) => {
    const slow = new Float64Array(BLOCKS)
    for (let sample = 0; sample < count; sample++) if (took[sample]! > limit) slow[blocks[sample]!]!++
    return { all, slow }
  }
}

function grown(from: Float32Array): Float32Array<ArrayBuffer> {
  const to = new Float32Array(2 * from.length)
  to.set(from)
  return to
}
