/** What a run writes to a server that others use too has this in its name: no service's data can be taken for a run's. */
const RUN = /^run-(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})-[0-9a-z]{1,16}$/

/** The namespace of a run in every store: it tells when the run began, to the minute, in UTC. */
export function runNamespace(runId: string, startedAtMs: number): string {
  const digits = new Date(startedAtMs).toISOString().replace(/\D/g, '')
  return `run-${digits.slice(2, 12)}-${runId}`
}

const DAY_MS = 86_400_000

/**
 * What a run writes to a server that outlives it ends by itself after so many ms, where the server can do that: whole days, so that the
 * servers see few values. A run of that length has ended for as long again by then.
 */
export function runKeptMs(durationMs: number): number {
  return (1 + Math.ceil((2 * durationMs) / DAY_MS)) * DAY_MS
}

/** When the run began whose namespace this is; undefined where it is none of a run. */
export function runStartOf(namespace: string): number | undefined {
  const [, year, month, day, hour, minute] = RUN.exec(namespace) ?? []
  if (year === undefined) return undefined
  const startedAtMs = Date.parse(`20${year}-${month}-${day}T${hour}:${minute}:00Z`)
  return Number.isNaN(startedAtMs) ? undefined : startedAtMs
}
