import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs'
import { backoffMs } from '../../src/core/base/backoff.ts'
import type { SqsServer } from './server.ts'

const TRIES_MAX = 3
/** A server that throttles must not get three times the calls at once. */
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

/** Deletes messages for good. False when some may not be deleted: they come again. */
export function remove(server: SqsServer, receipts: readonly string[]): Promise<boolean> {
  const entries = receipts.map((ReceiptHandle, at) => ({ Id: String(at), ReceiptHandle }))
  return settle(server, entries, (Entries, sqs, QueueUrl, options) =>
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
  return settle(server, entries, (Entries, sqs, QueueUrl, options) =>
    sqs.changeMessageVisibilityBatch({ QueueUrl, Entries }, options),
  )
}

/** A batch succeeds or fails entry by entry. An entry that failed by our fault, as an expired receipt, is not tried again. */
async function settle<E extends { readonly Id: string }>(server: SqsServer, all: readonly E[], send: SendEntries<E>) {
  let rest = [...all]
  let lost = 0
  for (let tries = 0; rest.length > 0 && tries < TRIES_MAX; tries++) {
    try {
      const { Failed = [] } = await server.call((...on) => send(rest, ...on))
      lost += Failed.filter(({ SenderFault }) => SenderFault).length
      const again = new Set(Failed.filter(({ SenderFault }) => !SenderFault).map(({ Id }) => Id))
      rest = rest.filter(({ Id }) => again.has(Id))
    } catch {
      // An unsettled message is not an error. It comes again when its time is over.
    }
    if (rest.length > 0 && tries + 1 < TRIES_MAX) await server.pause(backoffMs(tries + 1, BACKOFF, Math.random))
  }
  return lost + rest.length === 0
}
