/** Keeps the thread busy for so long, ms. */
export function spin(ms: number): void {
  if (ms <= 0) return
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}
