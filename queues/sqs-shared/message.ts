import { hash } from 'node:crypto'
import type { Message, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import { encode, eventOfText } from '../../src/core/base/codec.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'

/** SQS takes so many entries in one call: messages, or changes of messages. */
export const ENTRIES_MAX = 10
/** A MessageGroupId may have these characters: printable ASCII, without the space. */
const GROUP = /^[!-~]{1,128}$/

/** A message is text, so the event's bytes go as base64. `Id` is the event's position in its publish. */
export function entryOf(event: WebhookEvent, position: number, fifo: boolean): SendMessageBatchRequestEntry {
  return {
    Id: String(position),
    MessageBody: encode(event).toString('base64'),
    ...(fifo && { MessageGroupId: groupOf(event), MessageDeduplicationId: sha256(event.id) }),
  }
}

/** One group for each key of a source: as plain text where SQS takes it. */
export function groupOf({ source, key }: WebhookEvent): string {
  const name = `${source}:${key}`
  return GROUP.test(name) ? name : sha256(name)
}

/** The event of a message. One that we did not send stands for itself. */
export function eventOf({ Body = '', MessageId }: Message, nowMs: number): WebhookEvent {
  return eventOfText(Body, `message ${MessageId}`, nowMs)
}

/** The most codec bytes, over up to ENTRIES_MAX events together, whose base64 fits `messageBytesMax`. */
export function eventBytesMax(messageBytesMax: number): number {
  return (Math.floor(messageBytesMax / 4) - ENTRIES_MAX) * 3
}

function sha256(text: string): string {
  return hash('sha256', text)
}
