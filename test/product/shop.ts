import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import generic from '../../providers/generic.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { loadConfig } from '../../src/product/config/load.ts'
import { openLedger } from '../../src/product/config/stores.ts'

const cli = new URL('../../src/runner/cli/main.ts', import.meta.url).pathname
export const SECRET = 'a secret of some length'

/** A log that still lacks a text after so long will not get it: then the failure shows the log, which a test's time limit would not. */
const UNTIL_MS = 150_000
const HANDLERS = `export default (event, tx) => tx.append('seen', Buffer.from(event.id))\n`

/** A folder with a config and handlers, as a person would have it. `config`: what stands in it beside the route. */
export function shop(config = '', files: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-shop-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const written = {
    'handlers.ts': HANDLERS,
    'secret.txt': `${SECRET}\n`,
    'floodmark.config.ts': `export default {
      routes: { '/in': { provider: 'generic', source: 'in', secrets: { file: 'secret.txt' } } },
      handlers: './handlers.ts', listen: { port: 0 }, noticeMs: 0, ${config}
    }\n`,
    ...files,
  }
  for (const [name, text] of Object.entries(written)) writeFileSync(join(folder, name), text)
  return {
    folder,
    /** Starts a command, with variables for its environment; `port` resolves when it is ready. It is killed when the test is over. */
    start: (...args: (string | Readonly<Record<string, string>>)[]) => started(folder, args),
    write: (name: string, text: string) => writeFileSync(join(folder, name), text),
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
    /** The ids whose effect took place, in order. A ledger that belongs to one process is read once that has ended. */
    async seen(): Promise<string[]> {
      const ledger = await openLedger(await loadConfig(join(folder, 'floodmark.config.ts')), systemClock)
      const ids: string[] = []
      for await (const [, id] of ledger.items('seen')) ids.push(Buffer.from(id).toString())
      await ledger.close()
      return ids
    },
  }
}

export interface Started {
  readonly child: ChildProcess
  /** Rejects when it ends before. */
  readonly port: Promise<number>
  /** Resolves when its log has the text, so often. */
  until(text: string, times?: number): Promise<void>
  /** What its log has in the group of the pattern. */
  said(pattern: RegExp): string
  readonly ended: Promise<{ readonly code: number | null; readonly err: string; readonly out: string }>
  /** The processes that it has started and that live. */
  members(): number[]
  stop(): Promise<{ readonly code: number | null; readonly err: string }>
}

function started(cwd: string, given: readonly (string | Readonly<Record<string, string>>)[]): Started {
  const args = given.filter((one) => typeof one === 'string')
  const env = Object.assign({ ...process.env }, ...given.filter((one) => typeof one === 'object'))
  const child = spawn(process.execPath, [cli, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let err = ''
  let out = ''
  const looks = new Set<() => void>()
  child.stdout.on('data', (data) => {
    out += data
  })
  child.stderr.on('data', (data) => {
    err += data
    for (const look of looks) look()
  })
  const ended = once(child, 'close').then(([code]) => ({ code, err, out }))
  const until = (text: string, times = 1) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no '${text}' in: ${err}`)), UNTIL_MS).unref()
      const look = () => {
        if (err.split(text).length <= times) return
        clearTimeout(late)
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
      void ended.then(() => reject(new Error(`it has ended: ${err}`)))
    })
  const port = until(' on http').then(() => Number(/ on https?:\/\/\S+:(\d+)/.exec(err)![1]))
  port.catch(() => {})
  return {
    child,
    port,
    until,
    said: (pattern) => pattern.exec(err)![1]!,
    ended,
    members: () => childrenOf(child.pid!),
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

export type Outcome = number | 'unknown'

/** Sends signed events, and says what became of each. */
export class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 20 })
  readonly acked: string[] = []
  readonly others: { readonly id: string; readonly outcome: Outcome }[] = []

  constructor() {
    onTestFinished(() => this.#agent.destroy())
  }

  async send(port: number, id: string, secret = SECRET, path = '/in'): Promise<Outcome> {
    const body = Buffer.from(JSON.stringify({ id, type: 'order.paid', key: `k${id.length}` }))
    const signed = generic.sign(body, generic.secret(secret), { id, type: 'order.paid', atMs: Date.now() })
    const outcome = await post(port, path, body, signed, this.#agent)
    if (outcome === 200) this.acked.push(id)
    else this.others.push({ id, outcome })
    return outcome
  }

  /** Sends one after the other in several lanes until the signal aborts. */
  async flood(port: number, signal: AbortSignal, lanes = 8): Promise<void> {
    let next = 0
    const lane = async () => {
      while (!signal.aborted) {
        const id = `e${next++}`
        // As a provider would: what nobody knows of is sent again, after a while.
        while ((await this.send(port, id)) === 'unknown' && !signal.aborted) await wait(5)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
}

export function post(port: number, path: string, body: Buffer, headers: object, agent?: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const sent = request(
      { ...(agent && { agent }), port, path, method: 'POST', headers: { ...headers } },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode!))
        response.on('error', () => resolve('unknown'))
      },
    )
    sent.on('error', () => resolve('unknown'))
    sent.end(body)
  })
}

/** How many requests a restart may take: one that is on its way while the other side closes an idle connection. */
const CROSSED_MAX = 2

/** Nobody was told no, and no request was cut but those that crossed with an end: who cuts takes as many as are in progress. */
export function refusedNobody({ others }: Sender): void {
  expect(others.filter(({ outcome }) => outcome !== 'unknown')).toEqual([])
  expect(others.length).toBeLessThanOrEqual(CROSSED_MAX)
}

/** The status of a path that is asked for on a connection of its own. */
export function get(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end()
  })
}
