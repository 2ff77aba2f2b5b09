/** Least-squares slope of y over x and its standard error; undefined with fewer than `pointsMin` points, three or more. */
export function slope(
  points: readonly { readonly x: number; readonly y: number }[],
  pointsMin = 10,
): { slope: number; error: number } | undefined {
  const n = points.length
  if (n < pointsMin) return undefined
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n
  const sxx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const sxy = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const b = sxy / sxx
  const residual = points.reduce((sum, { x, y }) => sum + (y - meanY - b * (x - meanX)) ** 2, 0)
  return { slope: b, error: Math.sqrt(residual / (n - 2) / sxx) }
}
