import { FIGURES, markdownTable } from '../../src/core/base/table.ts'
import { type Cell, medianOf, printTable, say, textOf } from '../lib/table.ts'
import { STORED_EVENTS, type Stored } from './stored.ts'
import { DUPLICATES, PACED_PER_S, type Turn } from './turn.ts'

export interface Result {
  readonly name: string
  /** False: the queue runs in the stack's own process. */
  readonly hasServer: boolean
  readonly stored: Stored
  readonly turns: readonly Turn[]
}

const COLUMNS = [
  'queue',
  'accept p50 ms',
  'accept p99 ms',
  'accepted/s',
  'effects/s',
  'stack CPU ms/1k',
  'server CPU ms/1k',
  'disk B/event',
  'memory B/event',
  'duplicates absorbed',
] as const

/** The meaning of each column, for the table's readers. */
export const EXPLAINED = [
  `accept: from when a request was due to its 2xx, open loop at ${PACED_PER_S}/s`,
  'accepted/s: closed loop, 64 connections, without the second of warm-up, while the processor works too',
  'effects/s: from the first request of that loop, warm-up included, to the last effect of its accepted events',
  'CPU: for 1,000 events from their request to their effect; the stack is one process, receiver to ledger, and the server is its own',
  `B/event: bytes that ${STORED_EVENTS.toLocaleString('en')} waiting events add to files and to the server's memory`,
  `duplicates: of ${DUPLICATES} events sent once more in each round, those without a second effect, by the part that noticed`,
  'in brackets: the lowest and the highest round',
  'unknown: the server does not tell it, and it cannot be seen from outside; –: the queue has no server',
]

/** One table for each set of failures that an accepted event survives. Figures are comparable only within one table. */
export function byClass(results: readonly Result[]): Map<string, Result[]> {
  const classes = new Map<string, Result[]>()
  for (const result of results) {
    const { survives } = result.stored.traits
    const name = `Survives ${survives.length === 0 ? 'nothing' : survives.join(', ')}`
    classes.set(name, [...(classes.get(name) ?? []), result])
  }
  return classes
}

/** Reads well as Markdown and in a terminal. An emulator is called one wherever its figures stand. */
function rowOf({ name, hasServer, stored, turns }: Result): Cell[] {
  const known = (value: number | null): Cell => value ?? 'unknown'
  const figure = (of: (turn: Turn) => number | null) => known(medianOf(turns, of))
  const rate = (of: (turn: Turn) => number | null): Cell => {
    const middle = medianOf(turns, of)
    if (middle === null) return 'unknown'
    const all = turns.map((turn) => of(turn)!)
    return `${textOf(middle)} (${textOf(Math.min(...all))}–${textOf(Math.max(...all))})`
  }
  const sum = (of: (turn: Turn) => number) => turns.reduce((total, turn) => total + of(turn), 0)
  const byQueue = sum((turn) => turn.absorbed.byQueue)
  const byLedger = sum((turn) => turn.absorbed.byLedger)
  return [
    /emulator/.test(stored.traits.server) ? `${name} (emulator)` : name,
    figure((turn) => turn.acceptP50Ms),
    figure((turn) => turn.acceptP99Ms),
    rate((turn) => turn.acceptedPerS),
    rate((turn) => turn.effectsPerS),
    figure((turn) => turn.stackCpuMsPer1000),
    hasServer ? figure((turn) => turn.serverCpuMsPer1000) : '–',
    known(stored.diskBytesPerEvent),
    known(stored.memoryBytesPerEvent),
    `${byQueue + byLedger} of ${turns.length * DUPLICATES} (queue ${byQueue}, ledger ${byLedger})`,
  ]
}

export function print(caption: string, results: readonly Result[]): void {
  say(`\n${caption}`)
  for (const [title, members] of byClass(results)) printTable(title, COLUMNS, members.map(rowOf))
  say('')
  for (const line of [...servers(results), ...EXPLAINED, ...troubles(results)]) say(`  ${line}`)
}

export function markdown(caption: string, results: readonly Result[]): string {
  const tables = [...byClass(results)].map(([title, members]) => `## ${title}\n\n${tableOf(members)}`)
  const notes = [...servers(results), ...EXPLAINED, ...troubles(results)].map((note) => `- ${note}`).join('\n')
  const how = 'Made by `npm run bench -- compare --markdown`. Figures of different classes are not comparable.'
  return `# Queues compared\n\n${caption}\n\n${how}\n\n${tables.join('\n\n')}\n\n## What the columns are\n\n${notes}\n`
}

function tableOf(results: readonly Result[]): string {
  return markdownTable(
    COLUMNS,
    results.map((result) => rowOf(result).map(textOf)),
    FIGURES,
  ).join('\n')
}

function servers(results: readonly Result[]): string[] {
  return results.map(({ name, stored }) => `${name}: ${stored.traits.server}`)
}

function troubles(results: readonly Result[]): string[] {
  return results.flatMap(({ name, turns }) => {
    const failed = turns.reduce((sum, turn) => sum + turn.failed, 0)
    return [
      ...(failed > 0 ? [`${name}: ${failed} requests of the closed loop were not answered with 2xx`] : []),
      ...(turns.some((turn) => turn.ranOut) ? [`${name}: the signed requests ran out, so the window is shorter`] : []),
      ...(turns.some((turn) => turn.effectsPerS === null) ? [`${name}: not all events were settled within 60 s`] : []),
    ]
  })
}
