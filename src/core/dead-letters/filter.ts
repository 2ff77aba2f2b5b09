import { FloodmarkError } from '../contracts/errors.ts'
import { BURIED_CAUSES, type DeadLetter, type Ledger } from '../contracts/ledger.ts'

/** What a person gives to choose letters; absent: any. All that are given must hold. */
export interface FilterFlags {
  readonly source?: string
  readonly type?: string
  /** One of BURIED_CAUSES. */
  readonly cause?: string
  /** Text that the reason contains. */
  readonly reason?: string
  /** An ISO time, or an age such as 90m, 2h, 3d: letters buried since then. */
  readonly since?: string
  readonly id?: string
}

export type Filter = (letter: DeadLetter) => boolean

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws FloodmarkError 'misuse' where the time or the cause is not valid. */
export function filterOf(flags: FilterFlags, nowMs: number): Filter {
  const { source, type, cause, reason, id } = flags
  if (cause !== undefined && !BURIED_CAUSES.some((one) => one === cause)) {
    throw new FloodmarkError('misuse', `--cause '${cause}' is not known: give one of ${BURIED_CAUSES.join(', ')}`)
  }
  const sinceMs = flags.since === undefined ? Number.NEGATIVE_INFINITY : sinceOf(flags.since, nowMs)
  return ({ event, cause: its, reason: why, atMs }) =>
    (source === undefined || event.source === source) &&
    (type === undefined || event.type === type) &&
    (id === undefined || event.id === id) &&
    (cause === undefined || its === cause) &&
    (reason === undefined || why.includes(reason)) &&
    atMs >= sinceMs
}

export function isFiltered(flags: FilterFlags): boolean {
  return [flags.source, flags.type, flags.cause, flags.reason, flags.since, flags.id].some((flag) => flag !== undefined)
}

function sinceOf(text: string, nowMs: number): number {
  const age = /^(\d{1,9})([smhd])$/.exec(text)
  if (age) return nowMs - Number(age[1]) * UNIT_MS[age[2]!]!
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(atMs)) return atMs
  throw new FloodmarkError('misuse', `--since '${text}' is not a time: use 2h, 3d, or 2026-01-31T08:00:00Z`)
}

/** The letters that a filter takes, oldest first, no id twice: one that is buried again meanwhile is not chosen again. */
export async function* chosen(ledger: Ledger, filter: Filter): AsyncIterable<DeadLetter> {
  const seen = new Set<string>()
  for await (const letter of ledger.buried()) {
    if (seen.has(letter.event.id) || !filter(letter)) continue
    seen.add(letter.event.id)
    yield letter
  }
}
