import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { queues } from '../queues/index.ts'
import { markdownTable } from '../src/core/base/table.ts'
import { messageOf } from '../src/core/contracts/errors.ts'
import type { QueueTraits } from '../src/core/contracts/queue.ts'
import { provide } from '../src/runner/servers/provide.ts'
import type { Server } from '../src/runner/servers/server.ts'
import { FACT_HEADINGS, type QueueFacts, queueFacts } from './lib/queue-facts.ts'
import { type Outcome, type Results, SEEN_HEADINGS, seenRow } from './lib/suite-results.ts'

/** Writes docs/traits.md: each queue's traits on a server started here, and the results of the contract suite. */

const FILE = 'docs/traits.md'
const SUITE = ' keeps the queue contract'
/** The suite mostly waits. More files at once would have their brokers starve each other on a small machine. */
const WORKERS_MAX = 2

/** The traits of an opened queue, or why it could not be opened. */
type Told = (QueueTraits & { readonly on: string }) | { readonly why: string }
export async function writeTraits(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-traits-'))
  try {
    const told = await askAll(folder)
    const results = await measure()
    mkdirSync('docs', { recursive: true })
    writeFileSync(FILE, page(told, results))
    execFileSync('node_modules/.bin/biome', ['format', '--write', FILE])
    process.stdout.write(`${FILE} is written\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Opens each queue once. Queues on one kind of server share it. */
async function askAll(folder: string): Promise<Map<string, Told>> {
  const servers = new Map<string, Promise<Server>>()
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`)
  const serverOf = (kind: string) => {
    const server = servers.get(kind) ?? provide(kind, { folder, nativeOnly: true, onProgress })
    servers.set(kind, server)
    return server
  }
  const told = new Map<string, Told>()
  for (const [name, load] of Object.entries(queues)) {
    try {
      const { default: driver } = await load()
      const server = driver.server === undefined ? undefined : await serverOf(driver.server)
      const at = { url: server?.url ?? join(folder, name), namespace: 'traits' }
      const queue = await driver.open(at)
      await queue.close()
      await driver.drop(at)
      told.set(name, { ...queue.traits, on: server?.says ?? 'none' })
    } catch (error) {
      told.set(name, { why: messageOf(error) })
    }
  }
  for (const server of servers.values()) await (await server.catch(() => undefined))?.stop()
  return told
}

/** Runs the contract suite on every queue. A failed suite is in the table, and makes this process exit with 1. */
async function measure(): Promise<Results> {
  const results: Results = new Map()
  const options = { watch: false, testNamePattern: SUITE, fileParallelism: true, maxWorkers: WORKERS_MAX }
  // Else the suites that take long would be passed over, and the table would have holes.
  process.env.FULL = '1'
  const vitest = await startVitest('test', ['test/queues'], options)
  for (const module of vitest.state.getTestModules()) {
    for (const test of module.children.allTests()) {
      if (test.parent.type !== 'suite' || !test.parent.name.endsWith(SUITE)) continue
      const [, title, exception] = /^(.*?)(?: \(exception: (.*)\))?$/.exec(test.name)!
      if (title!.startsWith('excepts nothing')) continue
      const { state, note, errors } = { note: undefined, ...test.result() }
      const why = exception ?? errors?.[0]?.message.split('\n')[0] ?? note
      const each = results.get(title!) ?? new Map<string, Outcome>()
      // The type that test/needs.ts declares for tests is not there where this is packed.
      const { measured } = test.meta() as { readonly measured?: string }
      each.set(test.parent.name.slice(0, -SUITE.length), { ...outcome(state, why, exception !== undefined), measured })
      results.set(title!, each)
    }
  }
  await vitest.close()
  return results
}

function outcome(state: string, why: string | undefined, excepted: boolean): Outcome {
  if (state === 'failed') return { state: 'failed', why }
  if (state !== 'passed') return { state: 'not run', why }
  return excepted ? { state: 'excepted', why } : { state: 'held' }
}

function page(told: ReadonlyMap<string, Told>, results: Results): string {
  const names = [...told.keys()]
  const { rows, reasons } = matrix(names, results)
  const on = new Date().toISOString().slice(0, 10)
  return `# What each queue does

Made by \`npm run traits\` on ${on} with Node ${process.versions.node}. Every cell comes from that run, but for the table
that says otherwise.

## What it says of itself

Asked of a server that was started for it, with every write forced to disk before it is acknowledged, where the server can.

${markdownTable(
  HEADINGS,
  names.map((name) => traitsRow(name, told.get(name)!, results)),
).join('\n')}

- **Survives**: failures that an event lives through once its publish has resolved. The suite measures \`receiver-crash\` and
  \`broker-crash\` by SIGKILL; \`power-loss\` and \`host-loss\` are read from the server's settings, not measured.
- **Order**: \`key\`: a stalled key delays only itself. \`lane\`: keys share a partition and stall together. \`none\`: not kept.
- **Redelivery**: how many of the behaviours below that begin with "delivers again" held, of those that could be measured.
- **Dedup window**: how long publishing a known id is swallowed by the server. The ledger absorbs duplicates after it.
- An emulator says nothing about the service that it stands for but how the driver uses it.

## What was seen of each

By that run, on this machine. The consumer that was killed had a lease of 1 s; a service's is 30 s by default. SQS is never full, so
it was throttled. What a server that could not be made full here refuses is answered with 503.

${markdownTable(
  ['Queue', ...SEEN_HEADINGS],
  names.map((name) => seenRow(name, results)),
).join('\n')}

## What else to know before choosing

Not from that run: read from the drivers, the servers' manuals and the clients' repositories. Bytes were measured on Redis 7.0.15.

${markdownTable(['Queue', ...Object.values(FACT_HEADINGS)], names.map(factsRow)).join('\n')}

A mark of the \`redis\` ledger takes about 250 bytes of the server for as long as ids are remembered: at 500 events/s and 72 h that
is 30 GiB.

What a run writes to a Redis that outlives it expires by itself. That costs \`bullmq\` a tenth: 9,360 events/s without, 8,520/s with it, and 66 µs
or 76 µs of the server's CPU an event (6 pairs in turns, one process, events of 1,000 bytes). A service and a Redis that the run starts
itself pay none of it.

## Where they differ

The contract suite, every behaviour on every queue. ✓ held, ✗ failed, ! known not to hold, – could not be measured; the
figure is the reason below. It was one run: a rare fault can hide behind a ✓, and a starved machine can make a ✗.

A title with a condition ("where it says so", "where it keeps an order") is measured against what the first table says of that
queue: a queue that promises nothing there has a ✓ too.

${markdownTable(['Behaviour', ...names], rows.filter(differs)).join('\n')}

${reasons.map((reason, at) => `${at + 1}. ${reason}`).join('\n')}

## What all of them do

${rows
  .filter((row) => !differs(row))
  .map(([title]) => `- ${title}`)
  .join('\n')}
`
}

/** Whether a row has any cell that is not a ✓. */
const differs = ([, ...cells]: readonly string[]) => cells.some((cell) => cell !== MARKS.held)

function factsRow(name: string): string[] {
  const facts = queueFacts[name]
  const headings = Object.keys(FACT_HEADINGS) as (keyof QueueFacts)[]
  return [`\`${name}\``, ...headings.map((heading) => facts?.[heading] ?? '–')]
}

const HEADINGS = [
  'Queue',
  'Server started',
  'What answered',
  'Survives',
  'Order, also through a retry',
  'Redelivery',
  'Counts deliveries',
  'Dedup window',
  'Many processes',
  'Events a publish, most',
  'Bytes a publish, most',
]

function traitsRow(name: string, told: Told, results: Results): string[] {
  const queue = `\`${name}\``
  if ('why' in told) return [queue, `could not be started: ${told.why}`, ...HEADINGS.slice(2).map(() => '–')]
  return [
    queue,
    told.on,
    told.server.replace(/ at 127\.0\.0\.1:\d+/, ''),
    told.survives.join(', ') || 'nothing',
    told.order,
    redelivery(name, results),
    yes(told.countsDeliveries),
    told.dedupWindowMs > 0 ? `${told.dedupWindowMs / 1_000} s` : 'none',
    yes(told.shared),
    told.publishEventsMax.toLocaleString('en'),
    told.publishBytesMax.toLocaleString('en'),
  ]
}

const yes = (value: boolean) => (value ? 'yes' : 'no')

function redelivery(name: string, results: Results): string {
  const outcomes = [...results]
    .filter(([title]) => title.startsWith('delivers again'))
    .map(([, each]) => each.get(name))
  const measured = outcomes.filter((one) => one !== undefined && one.state !== 'not run')
  return `${measured.filter((one) => one!.state === 'held').length} of ${measured.length} held`
}

const MARKS = { held: '✓', failed: '✗', excepted: '!', 'not run': '–' }

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
