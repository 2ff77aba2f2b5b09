import { bytes, grouped } from '../../core/base/words.ts'
import { type BesideUsage, sumOfCalls } from './usage.ts'

/** Calls beyond so many names are told together. */
const NAMES_MAX = 6
export const ALL_CALLS = 'calls that the servers took'
/** Of all bytes that requests carry. */
const MUCH = 0.1

type Calls = NonNullable<BesideUsage['calls']>

/** Of servers whose count of calls needs a word. */
const COUNTED: Readonly<Record<string, string>> = {
  redis: 'Redis counts the commands within scripts too, beside the EVALSHA that runs the script.',
  postgres: 'Of PostgreSQL its transactions are counted.',
}

/** How the servers count, a sentence each. */
export function countedWords(servers: Unknown['servers']): string[] {
  return [...new Set(servers.flatMap(({ kind }) => COUNTED[kind] ?? []))]
}

/** What is not known of servers, and of which kinds they are. */
export interface Unknown {
  readonly servers: NonNullable<BesideUsage['servers']>
  readonly cpu: boolean
  readonly calls: boolean
  readonly log: boolean
}

/** Why there is a – in a table, a sentence for each. */
export function whyUnknown({ servers, cpu, calls, log }: Unknown): string[] {
  const elsewhere = servers.filter(({ isHere }) => !isHere).map(({ kind }) => kind)
  const all = servers.map(({ kind }) => kind).join(' and ')
  return [
    ...(elsewhere.length > 0
      ? [
          `${cpu ? 'CPU of the servers: –' : 'CPU of the servers is not all of it'}, since nobody knows the process of ${elsewhere.join(' and ')}. It is on another machine, in a container, or somebody else started it.`,
        ]
      : []),
    ...(cpu && elsewhere.length === 0 ? ['CPU of the servers: –, since this system does not tell it.'] : []),
    ...(calls ? [`Calls: –, since ${all} counts none, and no process of the stack made one.`] : []),
    ...(log ? [`Growth of the logs: –, since ${all} does not tell it.`] : []),
  ]
}

/** A row for each name with its cell for each table: most calls first, and the bytes of those that carry much. */
export function callRows(tables: readonly Calls[]): string[][] {
  const all = sumOfCalls(tables.map((table) => [table, 1]))
  const names = Object.keys(all).toSorted((a, b) => all[b]!.calls - all[a]!.calls)
  const told = names.length > NAMES_MAX + 1 ? names.slice(0, NAMES_MAX) : names
  const sent = Object.values(all).reduce((sum, one) => sum + (one.bytes ?? 0), 0)
  const others = (table: Calls) => names.slice(told.length).reduce((sum, name) => sum + (table[name]?.calls ?? 0), 0)
  return [
    ...told.map((name) => [`… ${name}`, ...tables.map((table) => countWords(table[name]?.calls ?? 0))]),
    ...(told.length < names.length ? [['… all others', ...tables.map((table) => countWords(others(table)))]] : []),
    ...names
      .filter((name) => (all[name]!.bytes ?? 0) > MUCH * sent)
      .map((name) => [`sent by ${name}`, ...tables.map((table) => bytes(table[name]?.bytes ?? 0))]),
  ]
}

/** A count that may be below one. */
export function countWords(value: number): string {
  if (value === 0) return '0'
  return value < 10 ? value.toFixed(value < 1 ? 2 : 1) : grouped(value)
}
