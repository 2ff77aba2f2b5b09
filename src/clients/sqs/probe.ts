import type { ProbeAnswer } from '../../core/contracts/probe.ts'
import { addressOf, connect, NO_SUCH_QUEUE } from './connect.ts'

/** A queue that nobody has. */
const NOBODYS = 'floodmark-probe-of-a-queue-that-is-not-there'

/**
 * undefined when nothing at a URL answers as SQS does within `ms`. Asks for a queue that is not there: only an SQS refuses that
 * in these words, while any web server may answer some call with a 200. Never rejects.
 */
export async function probeSqs(url: string, ms: number): Promise<ProbeAnswer | undefined> {
  try {
    const address = addressOf(url)
    const sqs = await connect(address)
    try {
      await sqs.getQueueUrl({ QueueName: NOBODYS }, { abortSignal: AbortSignal.timeout(ms) })
      return undefined
    } catch (error) {
      if (!NO_SUCH_QUEUE.test((error as Error).name)) return undefined
      return { product: address.aws ? 'Amazon SQS' : 'an emulator of SQS', pid: undefined, trouble: undefined }
    } finally {
      sqs.destroy()
    }
  } catch {
    return undefined
  }
}
