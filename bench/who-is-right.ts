import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { markdownTable } from '../src/core/base/table.ts'
import { behaviourOf, type KnownServer } from '../src/runner/calibration/behaviours.ts'
import { startKnown } from '../src/runner/calibration/known-server.ts'
import { virtualTrial } from '../src/runner/calibration/virtual-trial.ts'
import { arrivals } from '../src/runner/plan/arrivals.ts'
import { type Plan, planOf } from '../src/runner/plan/plan-run.ts'
import { settingsOf } from '../src/runner/plan/settings.ts'
import { newRunFolder } from '../src/runner/records/run-folder.ts'
import { judgedRun } from '../src/runner/report/judged-run.ts'
import { Latencies } from '../src/runner/report/latency/latencies.ts'
import { play } from '../src/runner/run/play.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { TOOLS, type ToolLoad } from './who/tools.ts'

interface KnownLoad {
  readonly server: KnownServer
  readonly says: string
  readonly ratePerS: number
  readonly seconds: number
  /** It takes less than that: the wait grows for as long as the load lasts. */
  readonly overloaded?: true
}

const LOADS: readonly KnownLoad[] = [
  // The first 15 requests open a connection each: in 5 s they would be the slowest percent by themselves.
  { server: { kind: 'fixed', ms: 50 }, says: 'answers after 50 ms', ratePerS: 300, seconds: 16 },
  {
    server: { kind: 'stalls', everyMs: 2_000, forMs: 300 },
    says: 'stands still for 300 ms every 2 s',
    ratePerS: 300,
    seconds: 12,
  },
  {
    server: { kind: 'mmc', servers: 8, meanMs: 20 },
    says: '8 at once, each for 20 ms on average (exponential)',
    ratePerS: 300,
    seconds: 16,
  },
  {
    server: { kind: 'bounded', servers: 20, ms: 20 },
    says: '20 at once, each for 20 ms; offered 10% too much',
    ratePerS: 1_100,
    seconds: 6,
    overloaded: true,
  },
]
const TRUTH_MS = 1_000_000
const WARM_UP_MS = 20_000
const DOC = join(import.meta.dirname, '../docs/who-is-right.md')

interface Found {
  readonly tool: string
  readonly known: number | null
  readonly found: number
}

/** Every generator against every server in turn; writes docs/who-is-right.md. */
export default async function whoIsRight({ ranking }: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-who-'))
  const tools = TOOLS.flatMap((tool) => {
    const version = tool.version()
    return version === undefined ? [] : [{ ...tool, version }]
  })
  const missing = TOOLS.filter(({ name }) => !tools.some((tool) => tool.name === name)).map(({ name }) => name)
  try {
    const rows: string[][] = []
    for (const load of LOADS) {
      const founds = [await ours(load, folder)]
      for (const tool of tools) {
        const known = tool.arrivals === 'none' ? null : truthOf(load, 'even')
        const found = await against(load, (url) => tool.p99Ms({ url, folder, ...load } satisfies ToolLoad & KnownLoad))
        founds.push({ tool: `${tool.name} ${tool.version}`, known, found })
      }
      rows.push(...founds.map((one) => rowOf(load, one)))
      process.stdout.write(
        `${rows
          .slice(-founds.length)
          .map((row) => row.join('  '))
          .join('\n')}\n`,
      )
    }
    writeFileSync(DOC, documentOf(rows, missing, (await ranking()).words))
    process.stdout.write(`\n${DOC}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The p99 of waits in ms, each from when its arrival was due. */
function truthOf({ server, ratePerS, seconds, overloaded }: KnownLoad, arrivals: 'even' | 'poisson'): number {
  const long = { durationMs: TRUTH_MS, warmUpMs: WARM_UP_MS }
  const load = { ratePerS, seed: 1, arrivals, ...(overloaded ? { durationMs: seconds * 1_000 } : long) }
  return virtualTrial(server, load).answerP99Ms
}

/** Of the very arrivals that a plan has: by chance some come faster than others, which is all that decides in an overload. */
export function truthOfPlan(server: KnownServer, { scenario, durationMs, ratePerS, settings }: Plan): number {
  const behaviour = behaviourOf(server)
  const answers = new Latencies()
  for (const { intendedMs } of arrivals({ scenario, durationMs, ratePerS, seed: settings.seed })) {
    answers.record(intendedMs, behaviour(intendedMs).answerMs - intendedMs)
  }
  return answers.sampleQuantileMs(0.99)!
}

async function against(load: KnownLoad, measure: (url: string) => Promise<number>): Promise<number> {
  const standing = await startKnown(load.server)
  try {
    return await measure(standing.address)
  } finally {
    await standing.stop()
  }
}

async function ours(load: KnownLoad, folder: string): Promise<Found> {
  let known = truthOf(load, 'poisson')
  const found = await against(load, async (target) => {
    const given = { target, provider: 'generic', rate: load.ratePerS, duration: `${load.seconds}s`, p99: '10s' }
    const plan = await planOf(settingsOf('steady', given).settings)
    if (load.overloaded) known = truthOfPlan(load.server, plan)
    const own = newRunFolder(join(folder, load.server.kind))
    const events = { phase: () => {}, sample: () => {}, progress: () => {} }
    const record = await play(plan, own.path, events, new AbortController().signal, { watches: false })
    return judgedRun(own.path, record).sampleP99Ms ?? Number.NaN
  })
  return { tool: 'floodmark', known, found }
}

function rowOf({ says, ratePerS }: KnownLoad, { tool, known, found }: Found): string[] {
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`
  const off =
    known === null ? 'takes no rate' : `${found >= known ? '+' : '−'}${Math.abs((found / known - 1) * 100).toFixed(1)}%`
  return [says, `${ratePerS}/s`, tool, known === null ? '–' : ms(known), ms(found), off]
}

/** Whether generators and servers go before other processes, as by `chrt -r 5 npm run bench -- who-is-right`. */
function priorityWords(): string[] {
  try {
    // Field 41 of proc(5), counted from the state that follows the name.
    const policy = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')[38]
    if (policy !== '1' && policy !== '2') return []
    return ['Generators and servers had real-time priority (`chrt -r 5`), so the other processes had to wait for them.']
  } catch {
    return []
  }
}

function documentOf(rows: readonly string[][], missing: readonly string[], busy: readonly string[]): string {
  const head = ['server', 'offered', 'generator', 'p99 known', 'p99 said', 'off']
  const [cpu] = cpus()
  return [
    '# Who is right',
    '',
    'Load generators against servers whose p99 is known. Each is asked for the same rate, one after the other, on one machine with the',
    'server. The p99 counts from when a request was due: a user does not care why a request was sent late.',
    '',
    `Made by \`npm run bench -- who-is-right\` on ${new Date().toISOString().slice(0, 10)}: ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${type()} ${release()} ${arch()}, Node ${process.version}.`,
    ...busy.map((line) => `${line[0]!.toUpperCase()}${line.slice(1).replace(/\.?$/, '.')}`),
    ...priorityWords(),
    ...(missing.length > 0 ? [`Not installed there: ${missing.join(', ')}.`] : []),
    '',
    ...markdownTable(head, rows, (column) => column > 2),
    '',
    '- **known**: the server in virtual time, with the arrivals that the generator makes: Poisson for floodmark, even for the others.',
    '- In the overload chance decides, so there the very arrivals of floodmark’s plan are played.',
    '- A generator that is told to keep a rate and counts from sending is right while it has a worker free for each request. Where it',
    '  holds requests back, they are not counted as late, and its p99 is too low.',
    '- A generator without a rate slows down with the server. Its p99 answers another question, so it has no known value here.',
    '- autocannon and oha correct their figures for what they should have sent. k6 and vegeta count from sending.',
    '',
  ].join('\n')
}
