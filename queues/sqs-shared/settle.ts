import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs'
import { backoffMs } from '../../src/core/base/backoff.ts'
import type { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { type SqsServer, THROTTLED } from './server.ts'

/** A change of visibility is tried so often. It is worth little: without it messages become visible by themselves. */
const TRIES_MAX = 3
/** After a call that failed otherwise than by throttling. */
const BACKOFF = { baseMs: 200, capMs: 2_000 }
const VISIBILITY_MAX_S = 12 * 3_600

type SendEntries<E> = (
  entries: E[],
  ...on: Parameters<Parameters<SqsServer['call']>[0]>
) => Promise<{
  Failed?: BatchResultErrorEntry[] | undefined
}>

/** SQS counts visibility in whole seconds. We round up: a message never comes sooner than was asked for. */
export function secondsOf(ms: number): number {
  return Math.min(VISIBILITY_MAX_S, Math.ceil(ms / 1_000))
}

/** Deletes messages for good, trying for as long as `goesOn`. False when some may not be deleted: they come again. */
export function remove(server: SqsServer, receipts: readonly string[], goesOn: () => boolean): Promise<boolean> {
  const entries = receipts.map((ReceiptHandle, at) => ({ Id: String(at), ReceiptHandle }))
  return settle(server, entries, goesOn, (Entries, sqs, QueueUrl, options) =>
    sqs.deleteMessageBatch({ QueueUrl, Entries }, options),
  )
}

/** Makes messages visible again in so many seconds from now. False when that failed for some of them. */
export function show(
  server: SqsServer,
  changes: readonly { readonly receipt: string; readonly seconds: number }[],
): Promise<boolean> {
  const entries = changes.map(({ receipt, seconds }, at) => ({
    Id: String(at),
    ReceiptHandle: receipt,
    VisibilityTimeout: seconds,
  }))
  const goesOn = (tries: number) => tries < TRIES_MAX
  return settle(server, entries, goesOn, (Entries, sqs, QueueUrl, options) =>
    sqs.changeMessageVisibilityBatch({ QueueUrl, Entries }, options),
  )
}

/**
 * A batch succeeds or fails entry by entry. An entry that failed by our fault, as an expired receipt, is not tried again. The others
 * are, in turns: while SQS throttles, every call of ours that it refuses takes the place of one that it would have taken.
 */
async function settle<E extends { readonly Id: string }>(
  server: SqsServer,
  all: readonly E[],
  goesOn: (tries: number) => boolean,
  send: SendEntries<E>,
) {
  let rest = [...all]
  let lost = 0
  let throttled = false
  for (let tries = 0; rest.length > 0 && (tries === 0 || goesOn(tries)); tries++) {
    // Where SQS throttles, the wait for a turn is enough.
    if (tries > 0 && !throttled) await server.pause(backoffMs(tries, BACKOFF, Math.random))
    await server.pace.turn()
    try {
      const { Failed = [] } = await server.call((...on) => send(rest, ...on))
      const refused = Failed.filter(({ Code = '' }) => THROTTLED.test(Code))
      throttled = refused.length > 0
      const again = new Set(Failed.filter((one) => !one.SenderFault || refused.includes(one)).map(({ Id }) => Id))
      lost += Failed.length - again.size
      rest = rest.filter(({ Id }) => again.has(Id))
    } catch (error) {
      // An unsettled message is not an error. It comes again when its time is over.
      throttled = (error as FloodmarkError).code === 'overloaded'
    }
    server.pace.tell(throttled)
  }
  return lost + rest.length === 0
}
