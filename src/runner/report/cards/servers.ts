import { z } from 'zod'
import { mostOf } from '../../../core/base/kit/extremes.ts'
import { bytes, grouped, ms, seconds } from '../../../core/base/words.ts'
import { type Cell, defineCard } from '../card.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'
import { ALL_CALLS, callRows, countedWords, countWords, whyUnknown } from '../server-words.ts'
import { besideOf, callsBetween, callsSchema, grown, serversSchema, sumOfCalls } from '../usage.ts'

/** While the run was sending. null: not known. */
const schema = z.object({
  servers: serversSchema,
  spanMs: z.number(),
  /** Events that took effect meanwhile. */
  applied: count,
  cpuMs: z.number().nullable(),
  /** Between the stack's processes and what they asked: both directions. */
  bytes: z.number().nullable(),
  /** As the servers count them, or as the stack's processes asked. */
  calls: callsSchema.nullable(),
  /** Of what the servers wrote for good. */
  logBytes: z.number().nullable(),
  /** Events in the queue at any look, waiting and in flight, as the queue says. */
  mostInQueue: count.nullable(),
})
type Servers = z.infer<typeof schema>

/** What the servers of queue and ledger had to do. */
export const servers = defineCard({
  schema,
  make: serversOf,
  checks: () => [],
  checkWords: {},
  words: (card) => ({
    title: 'Servers of queue and ledger',
    blocks: [
      {
        paragraph: `${kindsOf(card)}, for the ${seconds(card.spanMs)} of sending. The looks at the queue twice a second are part of it.`,
      },
      { head: ['', 'in all', 'for 1,000 events'], rows: rowsOf(card) },
      ...[...(card.calls ? countedWords(card.servers) : []), ...unknownOf(card)].map((line) => ({ paragraph: line })),
    ],
    lines: [lineOf(card)],
  }),
})

function serversOf({ record, endedAtMs }: JudgedRun): Servers | undefined {
  const found = besideOf(record, 0, endedAtMs)
  if (!found?.servers?.length) return undefined
  const stack = record.samples.stack.map(({ samples }) => samples.filter(({ atMs }) => atMs <= endedAtMs))
  const asked = stack.map((samples) => callsBetween(samples.map((one) => one.asked?.calls)))
  const wires = stack.flatMap((samples) => grown(samples.map((one) => one.asked?.bytes)) ?? [])
  const calls = sumOfCalls([found.calls, ...asked].map((one) => [one, 1]))
  const inQueue = stack.flat().flatMap(({ backlog }) => backlog ?? [])
  return {
    servers: found.servers,
    spanMs: found.spanMs,
    applied: stack.reduce((sum, samples) => sum + (grown(samples.map(({ applied }) => applied)) ?? 0), 0),
    cpuMs: found.serverCpuMs,
    bytes: wires.length > 0 ? wires.reduce((sum, one) => sum + one, 0) : null,
    calls: Object.keys(calls).length > 0 ? calls : null,
    logBytes: found.logBytes ?? null,
    mostInQueue: inQueue.length > 0 ? mostOf(inQueue) : null,
  }
}

const kindsOf = ({ servers: all }: Servers) => all.map(({ kind }) => kind).join(' and ')

function rowsOf(card: Servers): Cell[][] {
  const { applied, cpuMs, bytes: wire, calls, logBytes, mostInQueue } = card
  const row = (name: string, value: number | null, words: (value: number) => string) => [
    name,
    value === null ? '–' : words(value),
    value === null || applied === 0 ? '–' : words((1_000 * value) / applied),
  ]
  return [
    row('CPU of the servers here', cpuMs, (value) => ms(value)),
    row('to and from servers', wire, bytes),
    row(ALL_CALLS, calls && totalOf(calls), countWords),
    ...callRows(calls ? [calls, sumOfCalls([[calls, 1_000 / Math.max(1, applied)]])] : []),
    row("growth of the servers' logs", logBytes, bytes),
    ['most in the queue at a time', mostInQueue === null ? '–' : grouped(mostInQueue), ''],
  ]
}

const totalOf = (calls: NonNullable<Servers['calls']>) => Object.values(calls).reduce((sum, one) => sum + one.calls, 0)

function unknownOf({ servers: all, cpuMs, calls, logBytes }: Servers): string[] {
  return whyUnknown({ servers: all, cpu: cpuMs === null, calls: calls === null, log: logBytes === null })
}

function lineOf(card: Servers): string {
  const { applied, cpuMs, bytes: wire, calls } = card
  const of = (value: number) => (1_000 * value) / Math.max(1, applied)
  const parts = [
    cpuMs === null ? [] : `${ms(of(cpuMs))} of CPU`,
    calls === null ? [] : `${countWords(of(totalOf(calls)))} calls`,
    wire === null ? [] : `${bytes(of(wire))} on the wire`,
  ].flat()
  const said = parts.length > 0 && applied > 0 ? `${parts.join(', ')} for 1,000 events` : 'nothing is known of them'
  return `servers (${kindsOf(card)}): ${said}`
}
