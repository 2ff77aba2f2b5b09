import { availableParallelism } from 'node:os'
import type { Clock } from '../../src/core/clock.ts'
import { FloodmarkError } from '../../src/core/errors.ts'
import type { Route } from '../../src/core/provider.ts'
import type { Verify } from '../../src/core/receiver.ts'
import { type Job, Member } from './member.ts'

/** One core stays for the thread that speaks HTTP. */
const WORKERS = Math.min(8, Math.max(1, availableParallelism() - 1))
/** A worker holds this many batches: one in its hands, one behind it. */
const BATCHES_MAX = 2
const BATCH_REQUESTS_MAX = 64
/** A batch ends with the request that takes it beyond this. */
const BATCH_BYTES_MAX = 1024 * 1024
/** A worker that died is replaced after this long, doubled with each further death without a verified batch between, ms. */
const RESTART_MS = 50
const RESTART_MS_MAX = 10_000

export interface Pool {
  readonly verify: Verify
  /** Ends every thread; requests that still wait are rejected as 'unavailable'. */
  stop(): Promise<void>
}

/** Threads that verify for the routes. @throws FloodmarkError 'unavailable' when they cannot start. */
export async function startPool(routes: readonly Route[], waitingMax: number, clock: Clock): Promise<Pool> {
  const setup = { routes: routes.map(({ provider, secrets }) => ({ module: provider.module, secrets })) }
  const indexOf = new Map(routes.map((route, at) => [route, at]))
  const members = new Set<Member>()
  let waiting: Job[] = []
  let planned = false
  let stopped = false
  let deaths = 0

  function start(): Member {
    const member = new Member(
      setup,
      clock,
      () => {
        deaths = 0
        dispatch()
      },
      () => {
        members.delete(member)
        if (!stopped) clock.after(Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** deaths++), restart)
        dispatch()
      },
    )
    return member
  }

  /** Joins when it can verify; a death before that comes back here through onEnd. */
  async function restart(): Promise<void> {
    if (stopped) return
    const member = start()
    starting.add(member)
    await member.ready.then(
      () => members.add(member),
      () => {},
    )
    starting.delete(member)
    dispatch()
  }
  const starting = new Set<Member>()

  function dispatch(): void {
    planned = false
    if (members.size === 0) {
      const error = new FloodmarkError('unavailable', 'no verifying thread is up: send again')
      for (const job of waiting.splice(0)) job.reject(error)
    }
    while (waiting.length > 0) {
      const free = [...members].filter(({ batches }) => batches < BATCHES_MAX)
      if (free.length === 0) return
      const member = free.reduce((one, other) => (other.batches < one.batches ? other : one))
      const jobs = take(waiting, Math.ceil(waiting.length / free.length))
      waiting = waiting.slice(jobs.length)
      member.send(jobs)
    }
  }

  const all = async () => {
    stopped = true
    await Promise.all([...members, ...starting].map((member) => member.stop()))
  }
  try {
    await Promise.all(
      Array.from({ length: WORKERS }, async () => {
        const member = start()
        starting.add(member)
        await member.ready
        members.add(member)
        starting.delete(member)
      }),
    )
  } catch (error) {
    await all()
    throw error
  }

  return {
    verify(route, request) {
      return new Promise((resolve, reject) => {
        if (waiting.length >= waitingMax) {
          throw new FloodmarkError('overloaded', `${waitingMax} requests wait for their verification: send again later`)
        }
        // Read here, so that a header given twice is refused here.
        const headers = route.provider.signatureHeaders.map((name) => request.header(name))
        waiting.push({ route: indexOf.get(route)!, request, headers, resolve, reject })
        // Whatever else this turn of the event loop brings goes along.
        if (!planned) setImmediate(dispatch)
        planned = true
      })
    },
    stop: all,
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
