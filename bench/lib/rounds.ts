import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

export interface BenchOptions {
  /** Measured part of one server's turn, s. */
  readonly seconds: number
  readonly rounds: number
  /** Also writes the table into docs/, where a section has one there. */
  readonly markdown?: boolean
  /** Of a section's subjects only this one. */
  readonly only?: string | undefined
}

/** One turn: the load's word, and the server's own counts over the same window. */
export interface Turn {
  readonly requestsPerS: number
  readonly failed: number
  readonly p99Ms: number
  /** The server's, per 10,000 requests. */
  readonly cpuSecondsPer10k: number
  /** The load's, likewise; near seconds / 10k requests it was the load that could do no more. */
  readonly loadCpuSecondsPer10k: number
  readonly settledPerS: number | null
  readonly backlogAfter: number | null
  readonly backlogGrowthPerS: number | null
  readonly syncsPerS: number | null
  readonly ranOut: boolean
}

export interface Variant {
  readonly name: string
  /** What loads it; our own closed loop unless it says otherwise. */
  readonly tool?: LoadSetup['tool']
  /** `folder` is empty and goes afterwards. */
  readonly server: (folder: string, runId: string) => ServerSetup
}

export const CONNECTIONS = 64
export const WARM_UP_MS = 1_000
const RATE_PER_S_MAX = 90_000
const END_MS = 10_000

/** A B C, C B A, A B C …: what changes on the machine meanwhile falls on all alike. */
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

/** A server of its own, warmed up, measured in a closed loop, stopped. */
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

/** As the runner's ids are: events and names on servers carry it. */
export function newRunId(): string {
  return `bench${Math.random().toString(36).slice(2, 7).padEnd(5, '0')}`
}

/** A closed loop in a process of its own. */
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

/** The open loop, likewise. */
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

/** Starts a server in a process and folder of its own, and takes both away afterwards. */
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

/** The server's counts as they were at a moment, ms since the Unix epoch: whoever asks late is told the same. */
export async function usageAt(server: Server, atMs: number): Promise<Usage> {
  const answer = server.next('usage')
  server.send({ kind: 'usage', atMs })
  return (await answer).usage
}

/** A file of this folder as a process, with what it is to do as its argument. */
export function start<To, From extends { readonly kind: string }>(
  name: 'server' | 'load' | 'sending',
  setup: unknown,
): Child<To, From> {
  // A process of its own could only say that it ended. Here the command says in one line what is not installed.
  if (name === 'load') import.meta.resolve('autocannon')
  return startProcess(name, new URL(`./${name}.ts`, import.meta.url), [JSON.stringify(setup)])
}
