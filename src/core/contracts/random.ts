/** A seeded stream of numbers in [0, 1). Same seed, same stream, on every machine. */
export type Random = () => number

/** Mixes two 32-bit numbers into one, well spread: a draw of its own for item `n` of the stream `seed`. */
export function hash32(seed: number, n: number): number {
  let h = (seed ^ Math.imul(n, 0x9e3779b1)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The same as a number in [0, 1). */
export function drawFor(seed: number, n: number): number {
  return hash32(seed, n) / 4_294_967_296
}

/** sfc32, a small fast generator that passes PractRand, started from one 32-bit seed. */
export function seeded(seed: number): Random {
  let a = hash32(seed, 1)
  let b = hash32(seed, 2)
  let c = hash32(seed, 3)
  let counter = 1
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4_294_967_296
  }
  for (let i = 0; i < 12; i++) next()
  return next
}

/** Time to the next arrival of a Poisson stream with mean gap 1. */
export function exponential(random: Random): number {
  return -Math.log(1 - random())
}

/** Draws 0 … count-1 with probability proportional to 1 / (rank+1)^exponent; exponent 0 is uniform. */
export function zipf(count: number, exponent: number): (random: Random) => number {
  const cumulative = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank++) {
    total += 1 / (rank + 1) ** exponent
    cumulative[rank] = total
  }
  return (random) => {
    const target = random() * total
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! > target) high = middle
      else low = middle + 1
    }
    return low
  }
}
