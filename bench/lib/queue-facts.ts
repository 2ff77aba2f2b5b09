/** What the suite cannot measure of a queue, and a person who chooses one has to know. A dash: nothing to say. */
export interface QueueFacts {
  /** How soon another consumer has what a killed one held. */
  readonly takeover: string
  readonly full: string
  /** How long an event waits that nobody takes. */
  readonly retention: string
  readonly replication: string
  readonly login: string
  /** In the server's memory or log, for a body of 1,000 bytes. */
  readonly eventBytes: string
  readonly client: string
}

export const FACT_HEADINGS: Readonly<Record<keyof QueueFacts, string>> = {
  takeover: 'After a killed consumer',
  full: 'A full server',
  retention: 'Deletes what waits',
  replication: 'Copies elsewhere',
  login: 'Login and TLS',
  eventBytes: 'Bytes for an event of 1,000',
  client: 'Client, and its state of care',
}

const REDIS = {
  full: 'refuses above 70% of maxmemory; drains on',
  retention: 'never',
  replication: 'asynchronous: a failover may lose the last writes',
  login: 'redis://, rediss://, redis+sentinel://; ACL',
} as const
const COPIES = 'by the topic: replication 3 with min.insync.replicas 2 survives a host'
const KAFKA = {
  takeover: '6 s; from a killed broker of three some 5 s',
  full: 'refuses while the broker does',
  retention: 'after 14 days, by no size',
  login: 'kafka+ssl://; PLAIN, SCRAM, OAUTHBEARER',
  eventBytes: '–',
} as const
const SQS = {
  takeover: 'a lease, 30 s by default',
  full: 'has no limit of what waits; throttles by 503, deletes are paced',
  retention: 'after 14 days',
  replication: "AWS': several zones",
  login: "AWS' own credentials, https",
  eventBytes: '–',
  client: '@aws-sdk/client-sqs: released weekly by AWS',
} as const

export const queueFacts: Readonly<Record<string, QueueFacts>> = {
  memory: {
    ...{ takeover: 'nothing is left', full: 'refuses at its bound', retention: 'with its process' },
    ...{ replication: 'none', login: '–', eventBytes: '–', client: 'none' },
  },
  embedded: {
    ...{ takeover: 'when its process is started again', full: 'refuses at its bound, and on a full disk' },
    ...{ retention: 'never', replication: 'none', login: '–', eventBytes: '–', client: 'none' },
  },
  'redis-streams': {
    ...REDIS,
    takeover: 'a lease, 30 s by default',
    eventBytes: '1,220',
    client: 'ioredis: maintained by Redis',
  },
  bullmq: {
    ...REDIS,
    takeover: 'a lease and up to 10 s',
    eventBytes: '2,260',
    client: 'bullmq: maintained',
  },
  kafka: {
    ...KAFKA,
    replication: `${COPIES}; a partition without a leader stops its own events`,
    client: '@platformatic/kafka: maintained',
  },
  kafkajs: {
    ...KAFKA,
    replication: `${COPIES}; a partition without a leader stops all events`,
    client: 'kafkajs: no release since February 2023',
  },
  sqs: SQS,
  'sqs-fifo': SQS,
  postgres: {
    ...{ takeover: 'a lease, 30 s by default', full: 'refuses while the server does', retention: 'never' },
    ...{ replication: 'by synchronous_commit and standbys', login: 'postgres:// with its parameters' },
    ...{ eventBytes: '–', client: 'pg: maintained' },
  },
}
