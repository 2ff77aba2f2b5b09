import { availableParallelism } from 'node:os'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Route } from '../../src/core/contracts/provider.ts'
import type { Ingest, Verify } from '../../src/core/contracts/receiver.ts'
import { SecretRing } from '../../src/core/receiving/secret-ring.ts'
import { type Job, Member } from './member.ts'

/** One core stays for the thread that speaks HTTP. */
const WORKERS = Math.min(8, Math.max(1, availableParallelism() - 1))
const BATCH_REQUESTS_MAX = 64
/** A batch ends with the request that takes it beyond this. */
const BATCH_BYTES_MAX = 1024 * 1024
/** A worker that died is replaced after this long, doubled with each further death without a verified batch between, ms. */
const RESTART_MS = 50
const RESTART_MS_MAX = 10_000

/** Threads that verify for the routes, in batches. */
export class Pool {
  readonly #ingest: Pick<Ingest, 'routes' | 'secretsOf' | 'onRotation'>
  readonly #indexOf: Map<Route, number>
  readonly #waitingMax: number
  readonly #clock: Clock
  readonly #starting = new Set<Member>()
  readonly #members = new Set<Member>()
  #waiting: Job[] = []
  #planned = false
  #stopped = false
  #deaths = 0

  constructor(ingest: Pick<Ingest, 'routes' | 'secretsOf' | 'onRotation'>, waitingMax: number, clock: Clock) {
    this.#ingest = ingest
    this.#indexOf = new Map(ingest.routes.map((route, at) => [route, at]))
    ingest.onRotation((route) => this.#rotate(route))
    this.#waitingMax = waitingMax
    this.#clock = clock
  }

  /** Resolves when every thread can verify. @throws FloodmarkError 'unavailable' when one cannot; call `stop` then too. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: WORKERS }, () => this.#add()))
  }

  /** Rejects with what the provider threw; 'unavailable' when its thread died, 'overloaded' when too many wait. */
  readonly verify: Verify = (route, request) =>
    new Promise((resolve, reject) => {
      if (route.provider.module === '') {
        const ring = new SecretRing(this.#ingest.secretsOf(route))
        return resolve(route.provider.verify(request, ring.at(request.receivedAtMs)))
      }
      if (this.#waiting.length >= this.#waitingMax) {
        const what = `${this.#waitingMax} requests wait for their verification: send again later`
        throw new FloodmarkError('overloaded', what, { reason: 'busy' })
      }
      // Read here, so that a header given twice is refused here.
      const headers = route.provider.signatureHeaders.map((name) => request.header(name))
      this.#waiting.push({ route: this.#indexOf.get(route)!, request, headers, resolve, reject })
      // Whatever else this turn of the event loop brings goes along.
      if (!this.#planned) setImmediate(() => this.#dispatch())
      this.#planned = true
    })

  /** Ends every thread; requests that still wait are rejected as 'unavailable'. Twice is fine. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#members, ...this.#starting].map((member) => member.stop()))
  }

  /** Starts a thread, which joins when it can verify. */
  async #add(): Promise<void> {
    const routes = this.#ingest.routes.map((route) => {
      return { module: route.provider.module, secrets: this.#ingest.secretsOf(route) }
    })
    const member = new Member(
      { routes },
      this.#clock,
      () => {
        this.#deaths = 0
        this.#dispatch()
      },
      () => this.#lost(member),
    )
    this.#starting.add(member)
    await member.ready
    this.#starting.delete(member)
    this.#members.add(member)
    this.#dispatch()
  }

  /** Threads that start have the secrets of their start: they are told too. */
  async #rotate(route: Route): Promise<void> {
    const rotation = { route: this.#indexOf.get(route)!, secrets: this.#ingest.secretsOf(route) }
    await Promise.all([...this.#starting, ...this.#members].map((member) => member.rotate(rotation)))
  }

  #lost(member: Member): void {
    this.#starting.delete(member)
    this.#members.delete(member)
    this.#dispatch()
    if (this.#stopped) return
    this.#clock.after(Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** this.#deaths++), () => {
      // One that cannot start is lost like any other: it comes back here.
      if (!this.#stopped) this.#add().catch(() => {})
    })
  }

  #dispatch(): void {
    this.#planned = false
    if (this.#members.size === 0) {
      const error = new FloodmarkError('unavailable', 'no verifying thread is up: send again')
      for (const job of this.#waiting.splice(0)) job.reject(error)
    }
    while (this.#waiting.length > 0) {
      const free = [...this.#members].filter(({ busy }) => !busy)
      const member = free[0]
      if (!member) return
      const jobs = take(this.#waiting, Math.ceil(this.#waiting.length / free.length))
      this.#waiting = this.#waiting.slice(jobs.length)
      member.send(jobs)
    }
  }
}

/** As many of the first jobs as one batch may hold, at least one. */
function take(waiting: readonly Job[], countMax: number): Job[] {
  const jobs: Job[] = []
  let bytes = 0
  for (const job of waiting) {
    if (jobs.length === Math.min(countMax, BATCH_REQUESTS_MAX) || bytes > BATCH_BYTES_MAX) break
    jobs.push(job)
    bytes += job.request.raw.length
  }
  return jobs
}
