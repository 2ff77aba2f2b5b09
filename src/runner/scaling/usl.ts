/**
 * The Universal Scalability Law (Gunther): with N processes a stack takes X(N) = λN / (1 + σ(N-1) + κN(N-1)). λ is what one takes
 * alone, σ the share that they wait for each other, κ what they lose by agreeing with each other.
 */
export interface Usl {
  readonly lambda: number
  readonly sigma: number
  readonly kappa: number
  /** The number of processes with which it takes most; null: more is always more. */
  readonly peak: number | null
  /** Share of the variance that the law explains. */
  readonly r2: number
  /** How far the point is from the law that is farthest from it, as a share of the law. */
  readonly off: number
}

export interface ScalingPoint {
  readonly processes: number
  readonly perS: number
}

/** With fewer counts of processes than that, three coefficients fit anything. */
export const POINTS_MIN = 6
/** A fit that explains less says nothing of what comes between the points, */
export const R2_MIN = 0.9
/** unless no point is farther from it: where more processes change nothing, there is nothing to explain. */
export const OFF_MAX = 0.1
/** The law says nothing beyond so many times what was tried. */
export const BEYOND_MAX = 2

export type Refusal = 'too-few-points' | 'poor-fit'
/** `nearest`: of the laws that do not fit the one that comes nearest. */
export type Fitted = { readonly usl: Usl } | { readonly refused: Refusal; readonly nearest: Usl | null }

/** A fit by least squares of N/X = (1 + σ(N-1) + κN(N-1)) / λ, which is linear in its three coefficients; none below 0. */
export function fitUsl(points: readonly ScalingPoint[]): Fitted {
  if (new Set(points.map(({ processes }) => processes)).size < POINTS_MIN)
    return { refused: 'too-few-points', nearest: null }
  const best = [[0, 1, 2], [0, 1], [0, 2], [0]]
    .map((terms) => uslOf(points, terms))
    .filter((usl) => usl !== undefined)
    .toSorted((a, b) => b.r2 - a.r2)[0]
  if (best && (best.r2 >= R2_MIN || best.off <= OFF_MAX)) return { usl: best }
  return { refused: 'poor-fit', nearest: best ?? null }
}

export function uslAt({ lambda, sigma, kappa }: Pick<Usl, 'lambda' | 'sigma' | 'kappa'>, processes: number): number {
  return (lambda * processes) / (1 + sigma * (processes - 1) + kappa * processes * (processes - 1))
}

/** The law with some of the terms 1, N-1 and N(N-1); undefined where a coefficient would be below 0. */
function uslOf(points: readonly ScalingPoint[], terms: readonly number[]): Usl | undefined {
  const rows = points.map(({ processes: n, perS }) => {
    const all = [1, n - 1, n * (n - 1)]
    // Each is weighed by X/N: what is to be small is the error of X, as a share of it.
    return { x: terms.map((term) => (all[term]! * perS) / n), y: 1 }
  })
  const solved = leastSquares(rows)
  const of = (term: number) => solved?.[terms.indexOf(term)] ?? 0
  const [perOne, wait, agree] = [of(0), of(1), of(2)]
  if (!(perOne > 0) || wait < 0 || agree < 0) return undefined
  const law = { lambda: 1 / perOne, sigma: wait / perOne, kappa: agree / perOne }
  return { ...law, peak: peakOf(law), r2: r2Of(points, law), off: offOf(points, law) }
}

function peakOf({ sigma, kappa }: Pick<Usl, 'sigma' | 'kappa'>): number | null {
  // Who waits for the others all the time does best alone.
  if (sigma >= 1) return 1
  return kappa > 0 ? Math.max(1, Math.sqrt((1 - sigma) / kappa)) : null
}

function offOf(points: readonly ScalingPoint[], law: Pick<Usl, 'lambda' | 'sigma' | 'kappa'>): number {
  return Math.max(...points.map(({ processes, perS }) => Math.abs(perS / uslAt(law, processes) - 1)))
}

function r2Of(points: readonly ScalingPoint[], law: Pick<Usl, 'lambda' | 'sigma' | 'kappa'>): number {
  const mean = points.reduce((sum, { perS }) => sum + perS, 0) / points.length
  const off = points.reduce((sum, { processes, perS }) => sum + (perS - uslAt(law, processes)) ** 2, 0)
  const all = points.reduce((sum, { perS }) => sum + (perS - mean) ** 2, 0)
  return all === 0 ? (off === 0 ? 1 : 0) : 1 - off / all
}

interface Equation {
  readonly x: readonly number[]
  readonly y: number
}

/** The coefficients, by the normal equations and Gauss; undefined where they are not determined. */
function leastSquares(rows: readonly Equation[]): number[] | undefined {
  const size = rows[0]!.x.length
  const matrix = Array.from({ length: size }, (_, at) => [
    ...Array.from({ length: size }, (_, other) => rows.reduce((sum, { x }) => sum + x[at]! * x[other]!, 0)),
    rows.reduce((sum, { x, y }) => sum + x[at]! * y, 0),
  ])
  for (let at = 0; at < size; at++) {
    const pivot = matrix.slice(at).reduce((a, b) => (Math.abs(b[at]!) > Math.abs(a[at]!) ? b : a))
    if (Math.abs(pivot[at]!) < 1e-12) return undefined
    matrix.splice(matrix.indexOf(pivot, at), 1)
    matrix.splice(at, 0, pivot)
    for (const [other, row] of matrix.entries()) {
      if (other === at) continue
      const times = row[at]! / pivot[at]!
      for (let column = at; column <= size; column++) row[column]! -= times * pivot[column]!
    }
  }
  return matrix.map((row, at) => row[size]! / row[at]!)
}
