import { grouped, seconds } from '../../../core/base/words.ts'
import type { BadEvent } from '../../report/audit/account.ts'
import type { Cell } from '../../report/card.ts'

export const BAD_HEAD = ['what', 'id', 'provider', 'type', 'key', 'due', 'sent', 'accepted', 'effect', 'beside']

export function badCells(bad: BadEvent): Cell[] {
  const { id, provider, type, key, dueMs, sentMs, acceptedMs, effectMs } = bad
  const at = (ms: number | null) => (ms === null ? null : seconds(ms, 2))
  return [
    whatWords(bad),
    id,
    provider,
    type,
    key,
    at(dueMs),
    at(sentMs),
    at(acceptedMs),
    at(effectMs),
    besideWords(bad),
  ]
}

/** What is wrong with it. */
export function whatWords({
  wrong,
  fields = [],
}: {
  readonly wrong: string
  readonly fields?: readonly string[] | undefined
}): string {
  return fields.length === 0 ? wrong : `${wrong}: ${fields.join(', ')}`
}

export function besideWords({ beside }: Pick<BadEvent, 'beside'>): string {
  return beside.map(({ kind, fromMs, untilMs }) => `${kind} ${seconds(fromMs)} … ${seconds(untilMs)}`).join(', ')
}

/** Where the others are, and how to see all of one. */
export function moreWords({ badEvents: { count, first } }: BadReport): string {
  const all = count > first.length ? `All ${grouped(count)} are` : 'They are also'
  const [one] = first
  return `${all} in bad-events.jsonl. All about one: npm run event -- <this run's folder> ${one?.seq ?? one?.id ?? ''}`.trim()
}

interface BadReport {
  readonly badEvents: { readonly count: number; readonly first: readonly BadEvent[] }
}
