import { encode } from '../../../core/base/codec.ts'
import { parseBody } from '../../../core/base/json-body.ts'
import { ownFile } from '../../../core/base/kit/own-file.ts'
import { sleep, systemClock } from '../../../core/contracts/clock.ts'
import type { WebhookEvent } from '../../../core/contracts/event.ts'
import type { Effect, Ledger, Settlement, Tx } from '../../../core/contracts/ledger.ts'
import type { Handler, Queue } from '../../../core/contracts/queue.ts'
import type { Receiver } from '../../../core/contracts/receiver.ts'
import type { Intervention, Resource, Stage } from '../../records/intervention.ts'
import { leaveCore } from './leave-core.ts'
import { spin } from './spin.ts'

/** Ids and names of what is done a second time. Nobody reads them: the audit knows the run's own alone. */
const SECOND = '~second'

/**
 * What an intervention puts around the parts of a process. It stands outside of what ships; a part that it does not concern is
 * given back as it is.
 */
export class Interventions {
  readonly #one: Intervention | undefined

  constructor(one: Intervention | undefined) {
    this.#one = one
  }

  /** Each sync takes so much longer, ms. */
  get syncMs(): number {
    return this.#delayMs('disk-sync')
  }

  /** Takes a core from this process. @throws FloodmarkError 'unavailable' where the system has no means for that. */
  apply(): void {
    if (this.#one?.what === 'fewer-cores') leaveCore()
  }

  /** The address to load a provider from. */
  provider(module: string): string {
    const spinMs = this.#delayMs('verifying-threads')
    const stage = this.#isTwice('verify') ? 'verify' : this.#isTwice('parse') ? 'parse' : undefined
    if (spinMs === 0 && stage === undefined) return module
    const address = ownFile('./provider', import.meta.url)
    address.searchParams.set('of', module)
    address.searchParams.set('spinMs', String(spinMs))
    if (stage) address.searchParams.set('twice', stage)
    return address.href
  }

  receiver(receiver: Receiver): Receiver {
    const spinMs = this.#delayMs('receiving-thread')
    const answersOnly = this.#one?.what === 'answer-only'
    if (spinMs === 0 && !answersOnly) return receiver
    return (options) => {
      const { ingest } = options
      const answer = Promise.resolve({ status: 200, reason: 'nothing was done' } as const)
      const handle: typeof ingest.handle = (request, verify) => {
        if (answersOnly) return answer
        spin(spinMs)
        return ingest.handle(request, verify)
      }
      return receiver({ ...options, ingest: { ...ingest, handle } })
    }
  }

  /** `queue` and the next: objects whose methods need no `this`. */
  queue(queue: Queue): Queue {
    const addMs = this.#delayMs('queue-latency')
    const heldMs = this.#delayMs('effect-latency')
    const encodes = this.#isTwice('encode')
    if (addMs === 0 && heldMs === 0 && !encodes) return queue
    return {
      ...queue,
      async publish(events, options) {
        if (encodes) for (const event of events) encode(event)
        await queue.publish(events, options)
        if (addMs > 0) await sleep(systemClock, addMs)
      },
      consume(handle, options) {
        if (heldMs === 0) return queue.consume(handle, options)
        // Whole batches and not each effect: those of one key would add up, and each event's time would grow by another amount.
        const late: Handler = async (batch, tell) => {
          await sleep(systemClock, heldMs)
          return handle(batch, tell)
        }
        return queue.consume(late, options)
      },
    }
  }

  ledger(ledger: Ledger): Ledger {
    const settles = this.#isTwice('settle')
    if (!settles && !this.#isTwice('claim')) return ledger
    /** Fences of second claims that were not given back yet. */
    const fences = new Map<string, number>()
    return {
      ...ledger,
      async claim(events, leaseMs) {
        const seconds = events.map(secondOf)
        const claims = await ledger.claim(seconds, leaseMs)
        for (const [at, claim] of claims.entries()) if (claim.state === 'new') fences.set(seconds[at]!.id, claim.fence)
        return ledger.claim(events, leaseMs)
      },
      async settle(settlements) {
        const seconds = settlements.flatMap((one) => {
          const event = secondOf(one.event)
          const fence = fences.get(event.id)
          if (fence === undefined) return []
          fences.delete(event.id)
          return [settles ? secondSettlement(one, event, fence) : ({ event, fence, result: 'released' } as const)]
        })
        if (settles) {
          if (seconds.length > 0) await ledger.settle(seconds)
          return ledger.settle(settlements)
        }
        // In the same call: giving back is not to cost a transaction.
        return (await ledger.settle([...settlements, ...seconds])).slice(0, settlements.length)
      },
    }
  }

  effect(effect: Effect): Effect {
    const spinMs = this.#delayMs('processing-thread')
    const [parses, repeats] = [this.#isTwice('parse'), this.#isTwice('effect')]
    if (spinMs === 0 && !parses && !repeats) return effect
    return (event, tx) => {
      spin(spinMs)
      if (parses) parseBody(event.body)
      if (repeats) void quietly(() => effect(event, writesNothing(tx)))
      return effect(event, tx)
    }
  }

  #delayMs(resource: Resource): number {
    return this.#one?.what === 'delay' && this.#one.resource === resource ? this.#one.addMs : 0
  }

  #isTwice(stage: Stage): boolean {
    return this.#one?.what === 'twice' && this.#one.stage === stage
  }
}

const secondOf = (event: WebhookEvent): WebhookEvent => ({ ...event, id: `${event.id}${SECOND}` })

/** Writes as much as the first one does, under names of its own. */
function secondSettlement(first: Settlement, event: WebhookEvent, fence: number): Settlement {
  if (first.result !== 'applied') return { event, fence, result: 'released' }
  const writes = first.writes.map((write) => ({ ...write, name: `${SECOND}/${write.name}` }))
  return { event, fence, result: 'applied', writes }
}

const writesNothing = (tx: Tx): Tx => ({
  put() {},
  increment() {},
  append() {},
  read: (name) => tx.read(name),
  attempt: tx.attempt,
  signal: tx.signal,
  // Who asks for it begins a transaction.
  get client() {
    return tx.client
  },
})

/** What fails the first time fails the second time too, and there it counts. */
async function quietly(work: () => unknown): Promise<void> {
  try {
    await work()
  } catch {
    // The real one tells.
  }
}
