import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownFile } from '../../src/core/base/kit/own-file.ts'
import { type Child, startProcess } from '../../src/runner/processes/child.ts'
import type {
  FromLoad,
  FromSending,
  FromServer,
  LoadResult,
  LoadSetup,
  SendingResult,
  SendingSetup,
  ServerSetup,
  ToServer,
  Usage,
} from './protocol.ts'

/** Whether a section may rank its subjects, once it has measured them. */
export interface Ranking {
  readonly ranks: boolean
  /** What the machine did meanwhile, and what follows from it. */
  readonly words: readonly string[]
}

export interface BenchOptions {
  /** To be asked when a section has measured everything. */
  readonly ranking: () => Promise<Ranking>
  /** The measured part of one server's turn, in seconds. */
  readonly seconds: number
  readonly rounds: number
  /** Runs only this one of a section's subjects. */
  readonly only?: string | undefined
  /** Ranks on a busy machine too. */
  readonly force: boolean
}

/** One turn: the load's result, and the server's own counts over the same window. */
export interface Turn {
  readonly requestsPerS: number
  readonly failed: number
  readonly p99Ms: number
  /** CPU time of the server, per 10,000 requests. */
  readonly cpuSecondsPer10k: number
  /** CPU time of the load, likewise. When it is near seconds / 10k requests, the load was the limit. */
  readonly loadCpuSecondsPer10k: number
  readonly settledPerS: number | null
  readonly backlogAfter: number | null
  readonly backlogGrowthPerS: number | null
  readonly syncsPerS: number | null
  readonly ranOut: boolean
}

export interface Variant {
  readonly name: string
  /** The client that loads it; our own closed loop by default. */
  readonly tool?: LoadSetup['tool']
  /** `folder` is empty at first and is deleted afterwards. */
  readonly server: (folder: string, runId: string) => ServerSetup
}

export const CONNECTIONS = 64
export const WARM_UP_MS = 1_000
const RATE_PER_S_MAX = 90_000
const END_MS = 10_000

/** The order A B C, C B A, A B C …: changes on the machine meanwhile affect all alike. */
export async function interleaved(variants: readonly Variant[], options: BenchOptions): Promise<Map<string, Turn[]>> {
  const turns = new Map<string, Turn[]>(variants.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    const order = round % 2 === 0 ? variants : [...variants].reverse()
    for (const variant of order) {
      process.stderr.write(`round ${round + 1} of ${options.rounds}: ${variant.name}\n`)
      turns.get(variant.name)!.push(await turn(variant, options.seconds * 1_000))
    }
  }
  return turns
}

/** Starts a server, warms it up, measures it in a closed loop, and stops it. */
async function turn(variant: Variant, measureMs: number): Promise<Turn> {
  const runId = newRunId()
  return withServer(
    (folder) => variant.server(folder, runId),
    async (server, port) => {
      const result = await load({ port, runId, measureMs, ...(variant.tool && { tool: variant.tool }) })
      const before = await usageAt(server, result.beganAtMs)
      const after = await usageAt(server, result.endedAtMs)
      return turnOf(result, before, after)
    },
  )
}

/** Of the form of the runner's ids: events and names on servers carry it. */
export function newRunId(): string {
  return `bench${Math.random().toString(36).slice(2, 7).padEnd(5, '0')}`
}

/** Runs a closed loop in a separate process. */
export async function load(
  setup: Pick<LoadSetup, 'port' | 'runId' | 'measureMs'> & Partial<LoadSetup>,
): Promise<LoadResult> {
  const usual = { tool: 'own', connections: CONNECTIONS, warmUpMs: WARM_UP_MS, ratePerSMax: RATE_PER_S_MAX }
  const process: Child<never, FromLoad> = start('load', { ...usual, ...setup })
  try {
    return (await process.next('done')).result
  } finally {
    await process.end(END_MS)
  }
}

/** Runs the open loop, likewise. */
export async function sending(setup: SendingSetup): Promise<SendingResult> {
  const process: Child<never, FromSending> = start('sending', setup)
  try {
    return (await process.next('done')).result
  } finally {
    await process.end(END_MS)
  }
}

function turnOf(result: LoadResult, before: Usage, after: Usage): Turn {
  const seconds = (result.endedAtMs - result.beganAtMs) / 1_000
  const perS = (of: (usage: Usage) => number | null) =>
    of(after) === null ? null : (of(after)! - of(before)!) / seconds
  return {
    requestsPerS: result.accepted / seconds,
    failed: result.failed,
    p99Ms: result.p99Ms,
    cpuSecondsPer10k: ((after.cpuSeconds - before.cpuSeconds) * 10_000) / result.accepted,
    loadCpuSecondsPer10k: (result.cpuSeconds * 10_000) / result.accepted,
    settledPerS: perS((usage) => usage.settled),
    backlogAfter: after.backlog,
    backlogGrowthPerS: perS((usage) => usage.backlog),
    syncsPerS: perS((usage) => usage.syncs),
    ranOut: result.ranOut,
  }
}

export type Server = Child<ToServer, FromServer>

/** Starts a server in its own process and folder, and removes both afterwards. */
export async function withServer<T>(
  setupOf: (folder: string) => ServerSetup,
  work: (server: Server, port: number, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-bench-'))
  const server: Server = start('server', setupOf(folder))
  try {
    const { port } = await server.next('ready')
    const result = await work(server, port, folder)
    server.send({ kind: 'stop' })
    await server.next('stopped')
    return result
  } finally {
    await server.end(END_MS)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The server's counts at a moment by preciseNow. A late question gets the same answer. */
export async function usageAt(server: Server, atMs: number): Promise<Usage> {
  const answer = server.next('usage')
  server.send({ kind: 'usage', atMs })
  return (await answer).usage
}

/** Starts a file of this folder as a process, with its task as its argument. */
export function start<To, From extends { readonly kind: string }>(
  name: 'server' | 'load' | 'sending',
  setup: unknown,
): Child<To, From> {
  // A separate process could only say that it ended. Here the command says in one line what is not installed.
  if (name === 'load') import.meta.resolve('autocannon')
  return startProcess(name, ownFile(`./${name}`, import.meta.url), [JSON.stringify(setup)])
}
