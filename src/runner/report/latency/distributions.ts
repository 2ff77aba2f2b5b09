/** Quantiles of two distributions, to some ten digits: enough for an interval, and no library is needed. */

const LANCZOS = [
  76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
  -0.5395239384953e-5,
]
/** A continued fraction that has not settled after so many steps has settled as far as doubles go. */
const STEPS_MAX = 500
const BISECTIONS = 60

function lnGamma(x: number): number {
  const base = x + 5.5
  const series = LANCZOS.reduce((sum, factor, at) => sum + factor / (x + 1 + at), 1.000000000190015)
  return (x + 0.5) * Math.log(base) - base + Math.log((Math.sqrt(2 * Math.PI) * series) / x)
}

/** The regularized incomplete beta function: the share of Beta(a, b) below x. */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  // The fraction settles fast on this side of the mean; on the other one the mirrored does.
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b
}

/** Lentz's method. */
function fraction(x: number, a: number, b: number): number {
  const nonZero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value)
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m <= STEPS_MAX; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-12) break
  }
  return result
}

/** The value below which `share` of Beta(a, b) lies. */
export function betaQuantile(share: number, a: number, b: number): number {
  let low = 0
  let high = 1
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2
    if (betaBelow(middle, a, b) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The value below which `share` (above 0.5) of Student's t with so many degrees of freedom lies. */
export function studentQuantile(share: number, freedom: number): number {
  const x = betaQuantile(2 * (1 - share), freedom / 2, 0.5)
  return Math.sqrt((freedom * (1 - x)) / x)
}
