import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'
import { ENTRIES_MAX, entryOf, groupOf } from './message.ts'
import { type SqsServer, THROTTLED } from './server.ts'

/** While SQS throttles a publish waits for its turn for at most so many ms. */
const TURN_MS = 500

type Positioned = readonly [position: number, event: WebhookEvent]

/** Up to ENTRIES_MAX events that go in one call, and their outcome. */
interface SqsPart {
  readonly keys: ReadonlySet<string>
  readonly events: readonly Positioned[]
  unsafe: readonly number[]
  definite: boolean
  why: FloodmarkError | undefined
}

/** Makes the calls of one key one after the other, in the order they were asked for: SQS orders by arrival. */
export class Publisher {
  readonly #server: SqsServer
  /** For each key, its last call that is waiting or running. */
  readonly #lastOf = new Map<string, Promise<void>>()

  constructor(server: SqsServer) {
    this.#server = server
  }

  /** @throws PublishError with the positions that SQS did not take, or did not answer for before the signal. */
  async publish(events: readonly WebhookEvent[], signal: AbortSignal): Promise<void> {
    const parts = partsOf(events, this.#server.kind.fifo ? groupOf : anyOf)
    await Promise.race([Promise.all(parts.map((part) => this.#inTurn(part, signal))), aborted(signal)])
    const failed = parts.filter(({ unsafe }) => unsafe.length > 0)
    if (failed.length === 0) return
    const why = failed.find((part) => part.why)?.why
    throw new PublishError(why?.code ?? 'timeout', why?.message ?? 'SQS did not answer in time', {
      unsafe: failed.flatMap(({ unsafe }) => unsafe).sort((a, b) => a - b),
      definite: failed.every(({ definite }) => definite),
      cause: why,
    })
  }

  async #inTurn(part: SqsPart, signal: AbortSignal): Promise<void> {
    const before = [...part.keys].map((key) => this.#lastOf.get(key))
    const done = Promise.all(before).then(() => this.#send(part, signal))
    for (const key of part.keys) this.#lastOf.set(key, done)
    await done
    for (const key of part.keys) if (this.#lastOf.get(key) === done) this.#lastOf.delete(key)
  }

  async #send(part: SqsPart, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { publishPace: pace } = this.#server
    // Meanwhile more events share the next call. A call at once would be refused, and take the place of one that makes room.
    if (!(await pace.turnWithin(TURN_MS, signal))) {
      part.why = new FloodmarkError('overloaded', 'SQS throttles: no call was made', { definite: true })
      return
    }
    if (signal.aborted) return
    part.definite = false
    try {
      const Entries = part.events.map(([position, event]) => entryOf(event, position, this.#server.kind.fifo))
      const { Successful = [], Failed = [] } = await this.#server.callUntil(signal, (sqs, QueueUrl, options) =>
        sqs.sendMessageBatch({ QueueUrl, Entries }, options),
      )
      pace.tell(Failed.some(({ Code = '' }) => THROTTLED.test(Code)))
      const safe = new Set(Successful.map(({ Id }) => Id))
      part.unsafe = part.unsafe.filter((position) => !safe.has(String(position)))
      part.definite = Failed.length === part.unsafe.length && Failed.every(({ SenderFault }) => SenderFault)
      if (part.unsafe.length > 0) part.why = refusal(part, Failed)
    } catch (error) {
      part.why = error as FloodmarkError
      part.definite = part.why.definite
      pace.tell(part.why.code === 'overloaded')
    }
  }
}

/** Where there is no order, all events are alike and no call waits for another. */
const anyOf = () => ''

function refusal({ unsafe, events, definite }: SqsPart, failed: readonly BatchResultErrorEntry[]): FloodmarkError {
  const overloaded = failed.some(({ Code = '' }) => THROTTLED.test(Code))
  const [first = { Code: 'it did not say why', Message: '' }] = failed
  const what = `SQS did not take ${unsafe.length} of ${events.length} events: ${first.Code} ${first.Message ?? ''}`
  return new FloodmarkError(overloaded ? 'overloaded' : 'unavailable', what.trimEnd(), { definite })
}

/**
 * Events of one key share a call as far as possible. Each further call with that key would have to wait for the one before,
 * and a hot key is in every batch. Calls that one key fills come first, so that its last call comes last.
 */
function partsOf(events: readonly WebhookEvent[], keyOf: (event: WebhookEvent) => string): SqsPart[] {
  const byKey = Map.groupBy(events.entries(), ([, event]) => keyOf(event))
  const full: Positioned[][] = []
  const shared: Positioned[][] = []
  for (const entries of [...byKey.values()].sort((a, b) => b.length - a.length)) {
    let rest = entries
    for (; rest.length >= ENTRIES_MAX; rest = rest.slice(ENTRIES_MAX)) full.push(rest.slice(0, ENTRIES_MAX))
    if (rest.length === 0) continue
    const room = shared.find((part) => part.length + rest.length <= ENTRIES_MAX)
    if (room) room.push(...rest)
    else shared.push([...rest])
  }
  return [...full, ...shared].map((some) => ({
    keys: new Set(keyOf === anyOf ? [] : some.map(([, event]) => keyOf(event))),
    events: some,
    unsafe: some.map(([position]) => position),
    definite: true,
    why: undefined,
  }))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
