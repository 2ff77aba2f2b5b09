/** What the suite cannot measure of a queue, and a person who chooses one has to know. A dash: nothing to say. */
export interface QueueFacts {
  /** How long an event waits that nobody takes. */
  readonly retention: string
  /** What becomes of an event in the server once it is settled. */
  readonly settled: string
  readonly replication: string
  readonly login: string
  /** In the server's memory, table or log, or in the message, for a body of 1,000 bytes. */
  readonly eventBytes: string
  readonly client: string
}

export const FACT_HEADINGS: Readonly<Record<keyof QueueFacts, string>> = {
  retention: 'Deletes what waits',
  settled: 'Settled records are deleted',
  replication: 'Copies elsewhere',
  login: 'Login and TLS',
  eventBytes: 'Bytes for an event of 1,000',
  client: 'Client, and its state of care',
}

const REDIS = {
  retention: 'never',
  settled: 'at once',
  replication: 'asynchronous: a failover may lose the last writes',
  login: 'redis://, rediss://, redis+sentinel://; ACL',
} as const
const COPIES = 'by the topic: replication 3 with min.insync.replicas 2 survives a host'
const KAFKA = {
  retention: 'after 14 days, by no size',
  settled: 'within 20 s; by its own retention in a topic of yours',
  login: 'kafka+ssl://; PLAIN, SCRAM, OAUTHBEARER',
  eventBytes: '1,060, uncompressed',
} as const
const SQS = {
  retention: 'after 14 days',
  settled: 'at once',
  replication: "AWS': several zones",
  login: "AWS' own credentials, https",
  eventBytes: '1,390 of the message',
  client: '@aws-sdk/client-sqs: released weekly by AWS',
} as const

export const queueFacts: Readonly<Record<string, QueueFacts>> = {
  memory: {
    ...{ retention: 'with its process', settled: 'at once', replication: 'none' },
    ...{ login: '–', eventBytes: '–', client: 'none' },
  },
  embedded: {
    ...{ retention: 'never', settled: 'with all others of their file', replication: 'none' },
    ...{ login: '–', eventBytes: '1,050', client: 'none' },
  },
  'redis-streams': {
    ...REDIS,
    eventBytes: '1,220',
    client: 'ioredis: maintained by Redis',
  },
  bullmq: {
    ...REDIS,
    eventBytes: '2,260',
    client: 'bullmq: maintained',
  },
  kafka: {
    ...KAFKA,
    replication: `${COPIES}; a partition whose leader is missing or hung stops its own events`,
    client: '@platformatic/kafka: maintained',
  },
  kafkajs: {
    ...KAFKA,
    replication: `${COPIES}; a partition whose leader is missing or hung stops its own events`,
    client: 'kafkajs: no release since February 2023',
  },
  sqs: SQS,
  'sqs-fifo': SQS,
  postgres: {
    ...{
      retention: 'never',
      settled: 'at once',
      replication: 'by synchronous_commit and standbys',
      login: 'postgres:// with its parameters',
    },
    ...{ eventBytes: '1,300', client: 'pg: maintained' },
  },
}

/** What a ledger keeps for as long as ids are remembered, for each event that took effect. */
export const markBytes: Readonly<Record<string, { readonly bytes: number; readonly where: string }>> = {
  lmdb: { bytes: 91, where: 'its file' },
  redis: { bytes: 250, where: "the server's memory" },
  postgres: { bytes: 358, where: 'its table and the indexes of it' },
}
