import memoryLedger from '../../../ledgers/memory.ts'
import memoryQueue from '../../../queues/memory.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { DeadLetter, Effects, Ledger } from '../../../src/core/contracts/ledger.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { type ProcessorOptions, startProcessor } from '../../../src/core/processing/processor.ts'

/** A processor between a queue and a ledger in memory, on a clock that the test owns. */
export async function processing(
  effect: Effects,
  over: Partial<ProcessorOptions> & { readonly wrap?: (ledger: Ledger) => Ledger } = {},
) {
  const clock = new VirtualClock()
  const opened = { url: '', namespace: 'test', clock }
  const queue = await memoryQueue.open(opened)
  const ledger = await memoryLedger.open(opened)
  const stopping = new AbortController()
  const { wrap = (same: Ledger) => same, ...options } = over
  const processor = startProcessor({
    queue,
    ledger: wrap(ledger),
    effect,
    clock,
    random: seeded(1),
    attemptsMin: 4,
    retryForMs: 0,
    backoff: { baseMs: 100, capMs: 350 },
    batchEventsMax: 16,
    handlersMax: 2,
    leaseMs: 30_000,
    effectMs: 10_000,
    signal: stopping.signal,
    ...options,
  })
  return {
    clock,
    ledger,
    queue,
    counts: processor.counts,
    publish: (...events: WebhookEvent[]) => queue.publish(events, { deadlineMs: 1_000 }),
    /** The items that effects appended, as name=value. */
    async items(): Promise<string[]> {
      const list: string[] = []
      for await (const [name, value] of ledger.items('')) list.push(`${name}=${Buffer.from(value)}`)
      return list
    },
    async buried(): Promise<DeadLetter[]> {
      const letters: DeadLetter[] = []
      for await (const letter of ledger.buried()) letters.push(letter)
      return letters
    },
    async end(): Promise<void> {
      stopping.abort()
      await clock.advance(60_000)
      await processor.done
    },
  }
}
