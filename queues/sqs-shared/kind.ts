/** SQS keeps a message for at most so many seconds. By default it would drop it after four days. */
export const RETENTION_S = 14 * 24 * 3_600

/** What tells SQS' two kinds of queue apart. */
export interface SqsKind {
  /** The driver's name. */
  readonly name: 'sqs' | 'sqs-fifo'
  readonly fifo: boolean
  /** SQS wants it at the end of the queue's name. */
  readonly suffix: string
  /** A queue that the driver makes has these attributes. */
  readonly attributes: Readonly<Record<string, string>>
  /** What the attributes of a queue mean, for people. */
  said(attributes: Readonly<Record<string, string | undefined>>): string
}

const RETENTION = { MessageRetentionPeriod: String(RETENTION_S) }

/** A message group per key. */
export const FIFO: SqsKind = {
  name: 'sqs-fifo',
  fifo: true,
  suffix: '.fifo',
  attributes: {
    ...RETENTION,
    FifoQueue: 'true',
    // Without these two, AWS takes at most 300 calls/s for a whole queue.
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  },
  said: ({ FifoThroughputLimit }) =>
    `FIFO, ${FifoThroughputLimit === 'perMessageGroupId' ? 'high throughput' : '300 calls/s'}`,
}

/** No order, and no limit of calls that a webhook service meets. */
export const STANDARD: SqsKind = { name: 'sqs', fifo: false, suffix: '', attributes: RETENTION, said: () => 'standard' }
