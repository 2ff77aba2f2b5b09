import { spawn } from 'node:child_process'
import { expect, type TaskMeta } from 'vitest'
import { sleep, systemClock } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import {
  type Delivery,
  type Handler,
  PublishError,
  type Queue,
  type Verdict,
} from '../../../src/core/contracts/queue.ts'
import type { Control } from '../../../src/runner/servers/server.ts'
import type { TcpProxy } from '../../../src/runner/testbed/tcp-proxy.ts'
import { anEvent } from '../../events.ts'

interface OpenOptions {
  readonly bytesMax?: number
  readonly memoryBytesMax?: number
  readonly url?: string
}

export interface QueueUnderTest {
  /** Opens the same namespace each time. `url` replaces the target's own address, to go through the proxy. */
  open(options?: OpenOptions): Promise<Queue>
  /** Deletes the namespace. */
  drop(): Promise<void>
  /** Real servers only: causes faults. */
  readonly server?: Pick<Control, 'kill' | 'start' | 'pause' | 'resume'>
  /** Real servers only: the same server through a TCP proxy. */
  readonly proxy?: { readonly url: string } & Pick<TcpProxy, 'set' | 'cut'>
  /** Puts a record that is no event among the others, as another program or version would. */
  readonly plant?: (bytes: Buffer) => Promise<void>
  /** Makes its server one that is full soon, or as good as full. `url` leads there, where it is another one. */
  readonly fill?: () => Promise<{ readonly url?: string; end(): Promise<void> }>
  /** The place where a separate process can open the same namespace, to be killed. `driver` is the path of its module. */
  readonly child?: { readonly driver: string; readonly url: string; readonly namespace: string }
}

export type Behaviour = (subject: Subject) => Promise<void>
/** Titles, as sentences about the queue, and the tests that show them. */
export type Behaviours = Readonly<Record<string, Behaviour>>

/** Generous: a broker may have to start again, or a consumer group to form. */
export const WITHIN_MS = 60_000
export const LIMIT = { deadlineMs: 20_000 }
/** The shortest lease that every broker can keep: some count in seconds. */
export const SHORT_LEASE_MS = 1_000

export const secondsSince = (atMs: number) => `${((performance.now() - atMs) / 1_000).toFixed(1)} s`
export const numberOf = (event: WebhookEvent) => Number(event.id.split(':')[1])
export const numbersOf = (batch: readonly Delivery[]) => batch.map(({ event }) => numberOf(event))
export const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at)
export const inOrder = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)
/** Events `from` … `from + count - 1`, over three keys unless told otherwise. */
export const numbered = (from: number, count: number, key = (n: number) => `k${n % 3}`) =>
  upTo(count, from).map((n) => anEvent(String(n), { key: key(n) }))
/** Expects the numbers of each of three keys in order. */
export function expectOrderByKey(numbers: readonly number[]): void {
  for (const rest of [0, 1, 2]) {
    const ofKey = numbers.filter((n) => n % 3 === rest)
    expect(ofKey).toEqual(inOrder(ofKey))
  }
}
/** Publishes in order, as many events at once as the queue takes. */
export async function publishAll(queue: Queue, events: readonly WebhookEvent[]): Promise<void> {
  const { publishEventsMax } = queue.traits
  for (let at = 0; at < events.length; at += publishEventsMax) {
    await queue.publish(events.slice(at, at + publishEventsMax), LIMIT)
  }
}
/** Acks every event, after adding it to `seen`. */
export const acking =
  (seen: { push(...numbers: number[]): unknown }): Handler =>
  async (batch) => {
    seen.push(...numbersOf(batch))
    return batch.map(() => 'ack')
  }
/** Acks every event after 20 ms, and counts how often a key was in two calls at once. */
export function onePerKey(): { readonly handle: Handler; readonly seen: ReadonlySet<number>; clashes(): number } {
  const running = new Set<string>()
  const seen = new Set<number>()
  let clashes = 0
  const handle: Handler = async (batch) => {
    const keys = new Set(batch.map(({ event }) => event.key))
    for (const key of keys) running.has(key) ? clashes++ : running.add(key)
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const key of keys) running.delete(key)
    for (const n of numbersOf(batch)) seen.add(n)
    return batch.map(() => 'ack')
  }
  return { handle, seen, clashes: () => clashes }
}
/** Judges one by one. Events behind a retry of their key get the same retry, as the contract requires. */
export const judging =
  (judge: (n: number, delivery: Delivery) => Verdict): Handler =>
  async (batch) => {
    const held = new Map<string, Verdict>()
    return batch.map((delivery) => {
      const { key } = delivery.event
      const verdict = held.get(key) ?? judge(numberOf(delivery.event), delivery)
      if (verdict !== 'ack') held.set(key, verdict)
      return verdict
    })
  }

interface Consumer {
  stop(): Promise<void>
}
interface Consuming {
  readonly leaseMs?: number
  readonly handlersMax?: number
  readonly batchEventsMax?: number
  readonly batchBytesMax?: number
}
type ChildMode = 'publish' | 'hang' | 'die-before-settling'

/** What a behaviour needs of its test. */
interface SubjectContext {
  readonly task?: { readonly meta: TaskMeta }
  skip(reason: string): never
}

/** One queue in one test. When the test is over it ends everything that the test opened and started. */
export class Subject {
  readonly target: QueueUnderTest
  readonly #context: SubjectContext
  readonly #withinMs: number
  readonly #ends: (() => unknown)[] = []
  readonly #failures: unknown[] = []

  /** `until` waits for `withinMs`. A test that waits so long has failed. */
  constructor(target: QueueUnderTest, context: SubjectContext, withinMs = WITHIN_MS) {
    this.target = target
    this.#context = context
    this.#withinMs = withinMs
  }

  async open(options?: OpenOptions): Promise<Queue> {
    const queue = await this.target.open(options)
    this.#ends.push(() => queue.close())
    return queue
  }

  /** Returns the condition if it holds. Otherwise ends the test as skipped, with the reason. */
  needs<T>(condition: T, otherwise: string): NonNullable<T> {
    return condition || this.#context.skip(`not for this queue: ${otherwise}`)
  }

  /** For docs/traits.md: what was seen. */
  measured(what: string): void {
    if (this.#context.task) this.#context.task.meta.measured = what
  }

  /** For docs/traits.md: it holds as far as the queue promises it, and why that is less than for others. */
  partly(why: string): void {
    if (this.#context.task) this.#context.task.meta.partly = why
  }

  /** Consumes until stopped. After an 'unavailable' it consumes again, as a service would. */
  consumer(queue: Queue, handle: Handler, options: Consuming = {}): Consumer {
    const wanted = { leaseMs: 30_000, handlersMax: 2, batchEventsMax: 8, ...options }
    const stop = new AbortController()
    const run = async () => {
      while (!stop.signal.aborted) {
        try {
          await queue.consume(handle, { ...wanted, signal: stop.signal })
          if (!stop.signal.aborted) throw new Error('consume() resolved without having been aborted')
        } catch (error) {
          if (!(error instanceof FloodmarkError && error.code === 'unavailable')) throw error
          await sleep(systemClock, 200, stop.signal)
        }
      }
    }
    const done = run().catch((error) => void this.#failures.push(error))
    const end = () => {
      stop.abort()
      return done
    }
    this.#ends.push(end)
    return { stop: end }
  }

  /** Resolves when the condition holds. Rejects when a consumer has failed, or when it takes too long. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + this.#withinMs
    for (;;) {
      if (await condition()) return
      if (this.#failures.length > 0) throw this.#failures[0]
      if (performance.now() > end) throw new Error(`not within ${this.#withinMs} ms: ${what}`)
      await sleep(systemClock, 10)
    }
  }

  /** Consumes until the condition holds. */
  async consume(
    queue: Queue,
    handle: Handler,
    what: string,
    enough: () => boolean,
    options?: Consuming,
  ): Promise<void> {
    const consumer = this.consumer(queue, handle, options)
    await this.until(what, enough)
    await consumer.stop()
  }

  /** Acks until every number in `wanted` has come. Returns all delivered numbers in their order. */
  async drain(queue: Queue, wanted: Iterable<number>): Promise<number[]> {
    const missing = new Set(wanted)
    const seen: number[] = []
    const came = (...numbers: number[]) => {
      seen.push(...numbers)
      for (const n of numbers) missing.delete(n)
    }
    const what = 'everything that was published is delivered'
    await this.consume(queue, acking({ push: came }), what, () => missing.size === 0)
    return seen
  }

  /** Publishes numbers from `from` on, four at once, until stopped. `safe` holds the numbers whose publish resolved. */
  publisher(queue: Queue, from = 0, deadlineMs = 2_000): { readonly safe: Set<number>; stop(): Promise<void> } {
    const safe = new Set<number>()
    let next = from
    let stopped = false
    const run = async () => {
      while (!stopped) {
        const n = next++
        try {
          await queue.publish(numbered(n, 1), { deadlineMs })
          safe.add(n)
        } catch (error) {
          if (!(error instanceof PublishError)) throw error
        }
        await sleep(systemClock, safe.has(n) ? 2 : 50)
      }
    }
    const done = Promise.all(upTo(4).map(run)).catch((error) => void this.#failures.push(error))
    const stop = async () => {
      stopped = true
      await done
    }
    this.#ends.push(stop)
    return { safe, stop }
  }

  /**
   * Starts a process that publishes or consumes the namespace and prints a line for each number: published (once safe), or taken
   * in hand. Kills it with SIGKILL when `enough` is true of the printed numbers. Resolves with all of them.
   */
  async killedChild(mode: ChildMode, enough: (numbers: readonly number[]) => boolean): Promise<number[]> {
    const at = this.needs(this.target.child, 'no other process can open it')
    const program = new URL('./child.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [program, mode, at.driver, at.url, at.namespace], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = new Promise<void>((resolve) => child.on('close', () => resolve()))
    let over = false
    child.on('exit', () => {
      over = true
    })
    this.#ends.push(() => child.kill('SIGKILL'))
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (data) => {
      text += data
    })
    const numbers = () => text.split('\n').slice(0, -1).map(Number)
    await this.until(`the process has done enough (${mode})`, () => over || enough(numbers()))
    child.kill('SIGKILL')
    await gone
    return numbers()
  }

  /** Ends everything that the test started, last first, then deletes the namespace. */
  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
    await this.target.drop()
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}
