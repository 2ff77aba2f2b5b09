import { markdownTable } from '../../src/core/base/table.ts'
import type { QueueTraits } from '../../src/core/contracts/queue.ts'
import { FACT_HEADINGS, markBytes, type QueueFacts, queueFacts } from './queue-facts.ts'
import { type Outcome, type Results, SEEN_HEADINGS, seenRow } from './suite-results.ts'

/** The traits of an opened queue and the server that was started for it, or why it could not be opened. */
export type Told = (QueueTraits & { readonly on: string }) | { readonly why: string }
type ToldByName = ReadonlyMap<string, Told>

const MARKS = { held: '✓', partly: '◐', failed: '✗', excepted: '!', 'not run': '–' }
const TRAITS = ['Survives', 'Order, also through a retry', 'Counts deliveries', 'Dedup window', 'Many processes']
const ASKED = ['Server started', 'What answered', 'Events a publish, most', 'Bytes a publish, most']

/** docs/traits.md: what differs between queues comes first. `on`: the day of the run. */
export function traitsPage(told: ToldByName, results: Results, on: string): string {
  const { rows, reasons } = matrix([...told.keys()], results)
  return `# What each queue does

Made by \`npm run traits\` on ${on} with Node ${process.versions.node}. Every cell comes from that run, but for the tables
that say otherwise.

## Where they differ

${traitsSection(told)}

${seenSection(told, results)}

${factsSection(told)}

${matrixSection([...told.keys()], rows, reasons)}

## What all of them do

${rows
  .filter((row) => !differs(row))
  .map(([title]) => `- ${title}`)
  .join('\n')}

## How they were asked

Each queue was asked on a server that was started for it, with every write forced to disk before it is acknowledged, where the server
can. An emulator says nothing about the service that it stands for but how the driver uses it.

${tableOf(told, ASKED, ({ on: server, server: answer, publishEventsMax, publishBytesMax }) => [
  server,
  answer.replace(/ at 127\.0\.0\.1:\d+/, ''),
  publishEventsMax.toLocaleString('en'),
  publishBytesMax.toLocaleString('en'),
])}
`
}

function traitsSection(told: ToldByName): string {
  return `${tableOf(told, TRAITS, ({ survives, order, countsDeliveries, dedupWindowMs, shared }) => [
    survives.join(', ') || 'nothing',
    order,
    yes(countsDeliveries),
    dedupWindowMs > 0 ? `${dedupWindowMs / 1_000} s` : 'none',
    yes(shared),
  ])}

- **Survives**: failures that an event lives through once its publish has resolved. The suite measures \`receiver-crash\` and
  \`broker-crash\` by SIGKILL; \`power-loss\` and \`host-loss\` are read from the server's settings, not measured.
- **Order**: \`key\`: a stalled key delays only itself. \`lane\`: keys share a partition and stall together. \`none\`: not kept.
- **Dedup window**: how long publishing a known id is swallowed by the server. The ledger absorbs duplicates after it.`
}

function seenSection(told: ToldByName, results: Results): string {
  return `### A killed consumer, a full server, a record that is no event

As seen in that run, on this machine. The consumer that was killed had a lease of 1 s; a service's is 30 s by default. SQS is never
full, so it was throttled. What a server that could not be made full here refuses is answered with 503.

${markdownTable(
  ['Queue', ...SEEN_HEADINGS],
  [...told.keys()].map((name) => seenRow(name, results)),
).join('\n')}`
}

function factsSection(told: ToldByName): string {
  const headings = Object.keys(FACT_HEADINGS) as (keyof QueueFacts)[]
  const factsOf = (name: string) => [
    `\`${name}\``,
    ...headings.map((heading) => queueFacts[name]?.[heading] ?? 'not known'),
  ]
  return `### Retention, copies, login, bytes, the client

Not from that run: read from the drivers, the servers' manuals and the clients' repositories. Bytes were measured on their own, with
10,000 events of a body of 1,000 bytes each that waited, published 500 at once. Those of Redis are from version 7.0.15. Those of
\`embedded\` and SQS follow from what is written.

${markdownTable(['Queue', ...Object.values(FACT_HEADINGS)], [...told.keys()].map(factsOf)).join('\n')}

By AWS' manual a FIFO queue looks through its first 120,000 messages for groups. A key with more than that waiting on \`sqs-fifo\` delays
other keys too.

A mark is what a ledger remembers of an event that took effect, for as long as ids are remembered. Those of \`lmdb\` and \`postgres\` were
measured with ids of 9 bytes: 50,000 marks of \`lmdb\`, and 10,000 of \`postgres\`. Longer ids take more.

${marksTable().join('\n')}

What a run writes to a Redis that outlives it expires by itself. That costs \`bullmq\` a tenth: 9,360 events/s without, 8,520/s with it, and 66 µs
or 76 µs of the server's CPU an event (6 pairs in turns, one process, events of 1,000 bytes). A service pays none of it, nor does
a run, or a search for a ceiling, that starts its Redis itself.`
}

/** What a mark takes in each ledger. */
export function marksTable(): string[] {
  const rows = Object.entries(markBytes).map(([name, { bytes, where }]) => [
    `\`${name}\``,
    bytes.toLocaleString('en'),
    where,
    `${Math.round((bytes * 500 * 72 * 3_600) / 2 ** 30)} GiB`,
  ])
  return markdownTable(['Ledger', 'Bytes for a mark', 'Where', 'At 500 events/s and 72 h'], rows)
}

function matrixSection(names: readonly string[], rows: string[][], reasons: readonly string[]): string {
  return `### Behaviour by behaviour

The contract suite, every behaviour on every queue. ✓ held, ◐ held in part, ✗ failed, ! known not to hold, – could not be measured;
the figure is the reason below. It was one run: a rare fault can hide behind a ✓, and a starved machine can make a ✗.

A title with a condition ("where it says so", "where it keeps an order") is measured against what the first table says of that
queue: a queue that promises nothing there has a ✓ too.

${markdownTable(['Behaviour', ...names], rows.filter(differs)).join('\n')}

${reasons.map((reason, at) => `${at + 1}. ${reason}`).join('\n')}`
}

function tableOf(
  told: ToldByName,
  headings: readonly string[],
  cells: (traits: QueueTraits & { readonly on: string }) => string[],
): string {
  const rows = [...told].map(([name, one]) => {
    const queue = `\`${name}\``
    if ('why' in one) return [queue, `could not be started: ${one.why}`, ...headings.slice(1).map(() => '–')]
    return [queue, ...cells(one)]
  })
  return markdownTable(['Queue', ...headings], rows).join('\n')
}

const yes = (value: boolean) => (value ? 'yes' : 'no')

/** Whether a row has any cell that is not a ✓. */
const differs = ([, ...cells]: readonly string[]) => cells.some((cell) => cell !== MARKS.held)

function matrix(names: readonly string[], results: Results) {
  const reasons: string[] = []
  const cell = ({ state, why = 'no reason given' }: Outcome) => {
    if (state === 'held') return MARKS.held
    if (!reasons.includes(why)) reasons.push(why)
    return `${MARKS[state]} ${reasons.indexOf(why) + 1}`
  }
  const absent: Outcome = { state: 'not run', why: 'the suite has no such test of this queue' }
  const rows = [...results].map(([title, each]) => [title, ...names.map((name) => cell(each.get(name) ?? absent))])
  return { rows, reasons }
}
