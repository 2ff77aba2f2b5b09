import { encodedBytes, isUndecodable, readAgain } from '../base/codec.ts'
import { markMsOf } from '../base/mark-life.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { DeadLetter, Ledger } from '../contracts/ledger.ts'
import type { Queue } from '../contracts/queue.ts'
import { chosen, type Filter } from './filter.ts'
import type { OpenLetter, ReplayJournal } from './journal.ts'

const PUBLISH_MS = 10_000

export interface ReplayOptions {
  readonly ledger: Ledger
  readonly queue: Queue
  readonly journal: ReplayJournal
  /** Letters a second at most. */
  readonly ratePerS: number
  readonly clock: Clock
  /** Abort: the letter in hand is finished, no other is begun. */
  readonly signal: AbortSignal
  say(line: string): void
}

export interface Replayed {
  readonly replayed: number
  /** Left where they are, each told with its reason. */
  readonly heldBack: number
}

/**
 * Puts chosen letters back on the queue. Each is written to the journal, then forgotten by the ledger, then published:
 * in any other order dying in between would lose it, or have its delivery absorbed as already settled.
 * @throws FloodmarkError 'unavailable' when one could not be finished: the journal holds it, and `resume` goes on.
 */
export async function replay(options: ReplayOptions, filter: Filter): Promise<Replayed> {
  const { ledger, queue, clock, signal, say } = options
  const pace = paceOf(options)
  let replayed = 0
  let heldBack = 0
  for await (const letter of chosen(ledger, filter)) {
    const why = heldBackFor(letter, queue, clock.now())
    if (why) {
      heldBack++
      say(`held back ${letter.event.id}: ${why}`)
      continue
    }
    await pace()
    if (signal.aborted) break
    options.journal.take(letter, clock.now())
    await finish(options, letter)
    replayed++
  }
  return { replayed, heldBack }
}

/** Finishes the letters that a replay's journal holds open. The ledger absorbs those that were published before it died. */
export async function resume(options: ReplayOptions, open: readonly OpenLetter[]): Promise<Replayed> {
  const pace = paceOf(options)
  let replayed = 0
  for (const { letter, takenAtMs } of open) {
    await pace()
    if (options.signal.aborted) break
    if (options.clock.now() - takenAtMs > markMsOf(letter.event, options.ledger.traits.ttlMs)) {
      options.say(
        `warning: ${letter.event.id} was taken longer ago than the ledger remembers; if it took effect since, that may be forgotten`,
      )
    }
    await finish(options, letter)
    replayed++
  }
  return { replayed, heldBack: 0 }
}

async function finish({ ledger, queue, journal }: ReplayOptions, letter: DeadLetter): Promise<void> {
  try {
    await ledger.exhume(letter.event.id)
    await queue.publish([eventIn(letter.event) ?? letter.event], { deadlineMs: PUBLISH_MS })
  } catch (cause) {
    const how = `mend it, then finish with replay --resume ${journal.path}`
    throw new FloodmarkError('unavailable', `${letter.event.id} is not replayed: ${messageOf(cause)}; ${how}`, {
      cause,
    })
  }
  journal.done(letter.event.id)
}

/** Why the queue would not deliver a letter now; looked at before the ledger forgets it. */
export function heldBackFor({ event: kept, atMs }: DeadLetter, queue: Queue, nowMs: number): string | undefined {
  const { publishBytesMax, dedupWindowMs } = queue.traits
  const event = eventIn(kept)
  if (!event) return 'its bytes are no event that this version reads; export keeps them'
  if (encodedBytes(event) > publishBytesMax) return `it is larger than the queue takes (${publishBytesMax} bytes)`
  const windowEndsMs = atMs + dedupWindowMs
  if (nowMs >= windowEndsMs) return undefined
  return `the queue may swallow its id until ${new Date(windowEndsMs).toISOString()}; replay it then`
}

/** A record that could not be read is replayed as the event that it holds, where this version reads it. */
function eventIn(kept: WebhookEvent): WebhookEvent | undefined {
  return isUndecodable(kept) ? readAgain(kept) : kept
}

/** Resolves when the next letter is due; at once when the signal aborts. */
function paceOf({ clock, ratePerS, signal }: ReplayOptions): () => Promise<void> {
  let dueMs = clock.monotonic()
  return async () => {
    const waitMs = dueMs - clock.monotonic()
    if (waitMs > 0) await sleep(clock, waitMs, signal)
    // Time lost to a slow server is not made up for by a burst.
    dueMs = Math.max(dueMs, clock.monotonic()) + 1_000 / ratePerS
  }
}
