import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { queues } from '../queues/index.ts'
import { provide } from '../src/runner/servers/provide.ts'
import type { Server } from '../src/runner/servers/server.ts'
import { markdown, print, type Result } from './compare/report.ts'
import { type Stored, stored } from './compare/stored.ts'
import { type Subject, type Turn, turn } from './compare/turn.ts'
import { BODY_BYTES } from './lib/requests.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { say } from './lib/table.ts'

/** The whole stack on each queue, in turns: its throughput and its cost, beside the failures that it survives. */

/** Events in such a queue do not survive the process, so there is nothing to compare. */
const LEFT_OUT = 'memory'
/** A server's first events cost more than later ones. So a first turn of so many ms is not counted. */
const WARM_UP_TURN_MS = 1_000
const DOCUMENT = new URL('../docs/compare.md', import.meta.url)

interface Compared {
  readonly subject: Subject
  readonly stored: Stored
  readonly turns: Turn[]
}

export default async function compare(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-compare-'))
  const servers = new Map<string, Server>()
  try {
    const before = loadavg()[0]!
    const all = await prepared(folder, servers)
    for (const { subject } of all) {
      tell(`warm-up: ${subject.name}`)
      await turn(subject, WARM_UP_TURN_MS)
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const { subject, turns } of round % 2 === 0 ? all : all.toReversed()) {
        tell(`round ${round + 1} of ${options.rounds}: ${subject.name}`)
        turns.push(await turn(subject, options.seconds * 1_000))
      }
    }
    const { ranks, words } = await options.ranking()
    show(captionOf(options, before), all, { ...options, markdown: options.markdown === true && ranks })
    for (const line of words) say(line)
    if (!ranks) say('Rows that were measured on a busy machine do not compare, and docs/compare.md is left as it was.')
  } finally {
    for (const server of servers.values()) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each queue with its server and the bytes that it stores. Queues on one kind of server share it. */
async function prepared(folder: string, servers: Map<string, Server>): Promise<Compared[]> {
  const all: Compared[] = []
  for (const [name, load] of Object.entries(queues)) {
    if (name === LEFT_OUT) continue
    const { default: driver } = await load()
    const home = join(folder, driver.server ?? name)
    if (driver.server && !servers.has(driver.server)) {
      servers.set(driver.server, await provide(driver.server, { folder: home, nativeOnly: true, onProgress: tell }))
    }
    const server = driver.server === undefined ? undefined : servers.get(driver.server)
    tell(`stored bytes: ${name}`)
    const kept = await stored(driver, server?.url ?? home, home)
    const where = server && { url: server.url, pid: server.control!.pid() }
    all.push({ subject: { name, driver, ...where }, stored: kept, turns: [] })
  }
  return all
}

function show(caption: string, all: readonly Compared[], options: BenchOptions): void {
  const results = all.map(
    ({ subject, stored, turns }): Result => ({
      name: subject.name,
      hasServer: subject.url !== undefined,
      stored,
      turns,
    }),
  )
  print(caption, results)
  if (!options.markdown) return
  mkdirSync(new URL('.', DOCUMENT), { recursive: true })
  writeFileSync(DOCUMENT, markdown(caption, results))
  say('\nWritten to docs/compare.md.')
}

function captionOf({ rounds, seconds }: BenchOptions, before: number): string {
  const after = loadavg()[0]!
  const made = `Whole stacks (raw-http, queue, processor, lmdb), signed bodies of ${BODY_BYTES} bytes, one interleaved run after a warm-up, median of ${rounds} rounds of ${seconds} s`
  const shared = before > 0.5 ? ': other work was going on, so trust CPU time and what is stored more than rates' : ''
  const machine = `${availableParallelism()} cores, load average ${before.toFixed(1)} before the start and ${after.toFixed(1)} at the end${shared}`
  return `${made}. ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${machine}.`
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
