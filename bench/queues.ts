import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provide } from '../src/runner/servers/provide.ts'
import { bareTurn, driverTurn, type QueueBench, type QueueTurn, type Rate } from './lib/queue-turns.ts'
import { BODY_BYTES } from './lib/requests.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { median, printTable, say } from './lib/table.ts'

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

/** Each queue's driver against its bare client, in turns, on one server. The difference is the cost of our contract. */
export default async function queues(options: BenchOptions): Promise<void> {
  const rows = []
  const { only } = options
  if (only !== undefined && !Object.hasOwn(benches, only)) {
    throw new Error(`there is no queue '${only}' to compare: one of ${Object.keys(benches).join(', ')}`)
  }
  const chosen = Object.entries(benches).filter(([name]) => only === undefined || name === only)
  for (const [name, load] of chosen) rows.push(...(await compared(name, await load(), options)))
  printTable(
    `queues: drivers and their bare clients, bodies of ${BODY_BYTES} bytes, median of ${options.rounds} rounds of ${options.seconds} s`,
    ['queue', 'driver events/s', 'bare events/s', 'of bare', 'by CPU', 'driver CPU s/10k', 'bare CPU s/10k'],
    rows,
  )
  say(`\nAim: ≥ ${RATIO_AIM} of bare. CPU is the client's; a server on the same machine takes what it leaves.`)
}

async function compared(name: string, { default: bench }: { readonly default: QueueBench }, options: BenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-bench-'))
  const told = (line: string) => void process.stderr.write(`${line}\n`)
  const server = await provide(bench.server, { folder, nativeOnly: true, onProgress: told })
  const { publishEventsMax } = await traitsOf(bench, server.url)
  let turns = 0
  const turn = (side: (typeof SIDES)[number], ms: number): Promise<QueueTurn> => {
    const namespace = `bench-${turns++}`
    if (side === 'driver') return driverTurn(bench, server.url, namespace, ms)
    return bareTurn(bench, server.url, namespace, ms, publishEventsMax)
  }
  try {
    for (const side of SIDES) await turn(side, WARM_UP_MS)
    const all: Record<(typeof SIDES)[number], QueueTurn[]> = { driver: [], bare: [] }
    for (let round = 0; round < options.rounds; round++) {
      told(`round ${round + 1} of ${options.rounds}: ${name}`)
      const order = round % 2 === 0 ? SIDES : SIDES.toReversed()
      for (const side of order) all[side].push(await turn(side, options.seconds * 1_000))
    }
    return (['published', 'consumed'] as const).map((what) =>
      row(
        `${name}, ${what}`,
        all.driver.map((one) => one[what]),
        all.bare.map((one) => one[what]),
      ),
    )
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

function row(name: string, driver: readonly Rate[], bare: readonly Rate[]) {
  const each = (of: (rate: Rate) => number, rates: readonly Rate[]) => median(rates.map(of))
  const perS = (rate: Rate) => rate.eventsPerS
  const cpu = (rate: Rate) => rate.cpuSecondsPer10k
  return [
    name,
    each(perS, driver),
    each(perS, bare),
    median(driver.map((rate, round) => perS(rate) / perS(bare[round]!))),
    median(driver.map((rate, round) => cpu(bare[round]!) / cpu(rate))),
    each(cpu, driver),
    each(cpu, bare),
  ]
}
