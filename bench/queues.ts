import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provide } from '../src/runner/servers/provide.ts'
import {
  type BareWay,
  bareTurn,
  bareWays,
  driverTurn,
  EVENT_BYTES,
  type QueueBench,
  type QueueTurn,
  type Rate,
} from './lib/queue-turns.ts'
import { BODY_BYTES } from './lib/requests.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { type Cell, printRanked, printRounds, SPREAD, say, spreadOf } from './lib/table.ts'

/** Every queue on a server that has a bare client to be compared with. */
const benches: Record<string, () => Promise<{ readonly default: QueueBench }>> = {
  'sqs-fifo': () => import('./queues/sqs-fifo.ts'),
  'redis-streams': () => import('./queues/redis-streams.ts'),
  bullmq: () => import('./queues/bullmq.ts'),
  kafka: () => import('./queues/kafka.ts'),
  kafkajs: () => import('./queues/kafkajs.ts'),
}

const RATIO_AIM = 0.8
const WARM_UP_MS = 1_000
const SIDES = ['driver', 'bare'] as const
const WHATS = ['published', 'consumed'] as const
/** The server's own tool publishes so many in a round. */
const TOOL_EVENTS = 100_000

/** Each queue's driver against its bare client, in turns, on one server. The difference is the cost of our contract. */
export default async function queues(options: BenchOptions): Promise<void> {
  const rows = []
  const { only } = options
  if (only !== undefined && !Object.hasOwn(benches, only)) {
    throw new Error(`there is no queue '${only}' to compare: one of ${Object.keys(benches).join(', ')}`)
  }
  const chosen = Object.entries(benches).filter(([name]) => only === undefined || name === only)
  for (const [name, load] of chosen) rows.push(await compared(name, await load(), options))
  const ranks = await printRanked(
    `queues: drivers and their bare clients, bodies of ${BODY_BYTES} bytes, ${options.rounds} rounds of ${options.seconds} s: ${SPREAD}`,
    COLUMNS,
    rows.flatMap(({ cells }) => cells),
    ['of bare', 'by CPU', "of server's tool"],
    options,
  )
  for (const { rates } of rows) printRounds('events/s', rates, (rate) => rate)
  say('')
  for (const { note } of rows) say(note)
  say(
    "CPU is the client's; a server on the same machine takes what it leaves. That of Kafka's tool has the start of its JVM in it.",
  )
  say(
    "A server's own tool publishes events as long as ours: redis-benchmark on 4 connections, 256 at once; kafka-producer-perf-test by one producer, in batches of 512 KiB. '-': it is not installed.",
  )
  if (ranks) say(`Aim: ≥ ${RATIO_AIM} of bare.`)
}

const COLUMNS = [
  'queue',
  'driver events/s',
  'bare events/s',
  'of bare',
  'by CPU',
  'driver CPU s/10k',
  'bare CPU s/10k',
  "server's tool events/s",
  "of server's tool",
  'tool CPU s/10k',
]

/** All of one queue: its rows, every round's rates, and how its bare client published. */
async function compared(name: string, { default: bench }: { readonly default: QueueBench }, options: BenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-bench-'))
  const told = (line: string) => void process.stderr.write(`${line}\n`)
  const server = await provide(bench.server, { folder, nativeOnly: true, onProgress: told })
  const { publishEventsMax } = await traitsOf(bench, server.url)
  const { ownTool } = bench
  let turns = 0
  let way = { atOnce: 0, batchEvents: 0 }
  const turn = (side: (typeof SIDES)[number], ms: number): Promise<QueueTurn> => {
    const namespace = `bench-${turns++}`
    if (side === 'driver') return driverTurn(bench, server.url, namespace, ms)
    return bareTurn(bench, server.url, namespace, ms, way)
  }
  try {
    await turn('driver', WARM_UP_MS)
    way = await bestWay(bareWays(publishEventsMax), async (tried) => {
      way = tried
      return (await turn('bare', WARM_UP_MS)).published.eventsPerS
    })
    const tool: Rate[] = []
    const all: Record<(typeof SIDES)[number], QueueTurn[]> = { driver: [], bare: [] }
    for (let round = 0; round < options.rounds; round++) {
      told(`round ${round + 1} of ${options.rounds}: ${name}`)
      const order = round % 2 === 0 ? SIDES : SIDES.toReversed()
      for (const side of order) all[side].push(await turn(side, options.seconds * 1_000))
      const rate = await ownTool?.publish(server.url, EVENT_BYTES, TOOL_EVENTS)
      if (rate) tool.push(rate)
    }
    const cells = WHATS.map((what) => {
      const [driver, bare] = [all.driver.map((one) => one[what]), all.bare.map((one) => one[what])]
      return row(`${name}, ${what}`, driver, bare, what === 'published' ? tool : [])
    })
    const perRound = SIDES.flatMap((side) =>
      WHATS.map((what) => [`${name}, ${what}, ${side}`, all[side].map((one) => one[what].eventsPerS)] as const),
    )
    const rates = new Map<string, readonly number[]>(perRound)
    if (tool.length > 0) {
      const toolRates = tool.map(({ eventsPerS }) => eventsPerS)
      rates.set(`${name}, published, ${ownTool!.name}`, toolRates)
    }
    const best = `${way.atOnce} publishes at once of ${way.batchEvents} events`
    return { cells, rates, note: `The bare client of ${name} did best with ${best}.` }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function traitsOf({ driver }: QueueBench, url: string) {
  const at = { url, namespace: 'bench-traits' }
  const queue = await driver.open(at)
  await queue.close()
  await driver.drop(at)
  return queue.traits
}

/** The fastest, of one short try each. */
async function bestWay(ways: readonly BareWay[], rateOf: (way: BareWay) => Promise<number>): Promise<BareWay> {
  let best = { way: ways[0]!, rate: 0 }
  for (const way of ways) {
    const rate = await rateOf(way)
    if (rate > best.rate) best = { way, rate }
  }
  return best.way
}

function row(name: string, driver: readonly Rate[], bare: readonly Rate[], tool: readonly Rate[]): Cell[] {
  const each = (of: (rate: Rate) => number, rates: readonly Rate[]) => spreadOf(rates, of)
  const perS = (rate: Rate) => rate.eventsPerS
  const cpu = (rate: Rate) => rate.cpuSecondsPer10k
  return [
    name,
    each(perS, driver),
    each(perS, bare),
    spreadOf(driver, (rate) => perS(rate) / perS(bare[driver.indexOf(rate)]!)),
    spreadOf(driver, (rate) => cpu(bare[driver.indexOf(rate)]!) / cpu(rate)),
    each(cpu, driver),
    each(cpu, bare),
    ...(tool.length === 0
      ? [null, null, null]
      : [
          each(perS, tool),
          spreadOf(driver, (rate) => perS(rate) / perS(tool[driver.indexOf(rate)]!)),
          each(cpu, tool),
        ]),
  ]
}
