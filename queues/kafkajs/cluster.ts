import kafkajs, { type Admin, type Kafka, type SASLOptions } from 'kafkajs'
import { serverVersion } from '../../src/clients/kafka/broker-version.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import {
  CONNECT_TIMEOUT_MS,
  type Layout,
  REBALANCE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  RETRY_MS,
  TOPIC_CONFIG,
  type TopicFacts,
} from '../kafka-shared/layout.ts'
import { silenceNegativeTimers } from './quiet.ts'
import { wholeAnswers } from './whole-answers.ts'

silenceNegativeTimers()

/** A new topic has leaders soon, but not at once. */
const LEADERS_TRIES_MAX = 100
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']

export function connect({ address }: Layout): Kafka {
  return new kafkajs.Kafka({
    clientId: 'floodmark',
    brokers: [...address.brokers],
    ...(address.tls && { ssl: address.tls }),
    ...(address.sasl && { sasl: saslOf(address.sasl) }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logLevel: kafkajs.logLevel.NOTHING,
    socketFactory: wholeAnswers,
    retry: { retries: 2, initialRetryTime: RETRY_MS, maxRetryTime: 1_000 },
  })
}

/** kafkajs writes the mechanisms small, and asks for a token each time. */
function saslOf(login: NonNullable<Layout['address']['sasl']>): SASLOptions {
  if (login.mechanism === 'OAUTHBEARER') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: login.token }) }
  }
  const { username, password } = login
  return { mechanism: login.mechanism.toLowerCase(), username, password } as SASLOptions
}

/** Whether the broker answered with this error of the protocol, however deep the client wrapped it. */
export function isError(error: unknown, type: string): boolean {
  if (!(error instanceof Error)) return false
  if ('type' in error && error.type === type) return true
  const inner = [error.cause, ...listOf(error, 'errors'), ...listOf(error, 'groups').map((group) => group.error)]
  return inner.some((one) => isError(one, type))
}

function listOf(error: object, name: string): { error?: unknown }[] {
  const list = (error as Record<string, unknown>)[name]
  return Array.isArray(list) ? list : []
}

export async function createTopic(admin: Admin, { topic, partitions, address }: Layout): Promise<void> {
  const replicationFactor = address.replication ?? -1
  const wanted = { topic, numPartitions: partitions, replicationFactor, configEntries: TOPIC_CONFIG }
  // The client's own wait gives up on the first 'unknown topic'.
  await admin.createTopics({ topics: [wanted], waitForLeaders: false })
}

/** A killed member stays in its group until its session ends. The broker keeps the group until then. */
export async function deleteAll(admin: Admin, topic: string): Promise<void> {
  await admin.deleteTopics({ topics: [topic] }).catch((error) => {
    if (!isError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
  })
  const untilMs = systemClock.monotonic() + REBALANCE_TIMEOUT_MS
  for (;;) {
    try {
      await admin.deleteGroups([topic])
      return
    } catch (error) {
      if (isError(error, 'GROUP_ID_NOT_FOUND')) return
      if (!isError(error, 'NON_EMPTY_GROUP') || systemClock.monotonic() > untilMs) throw error
      await sleep(systemClock, RETRY_MS)
    }
  }
}

/** Describes the topic, once each of its partitions has a leader. */
export async function describe(admin: Admin, layout: Layout): Promise<{ facts: TopicFacts; partitions: number }> {
  const { topic } = layout
  await untilLed(admin, topic)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const { partitions } = topics[0]!
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
  const server = await serverVersion(layout.address)
  const config = await configOf(admin, topic)
  const logFolders = await logFoldersOf(admin)
  return { facts: { server, replicas, config, logFolders }, partitions: partitions.length }
}

/** Metadata names a leader before that broker has made the log. Only an offset from each shows that it can be written. */
async function untilLed(admin: Admin, topic: string): Promise<void> {
  for (let tries = 0; tries < LEADERS_TRIES_MAX; tries++) {
    try {
      await admin.fetchTopicOffsets(topic)
      return
    } catch (error) {
      if (!NOT_YET.some((type) => isError(error, type))) throw error
    }
    await sleep(systemClock, 100)
  }
  throw new FloodmarkError('unavailable', `a partition of ${topic} has no leader: look at the brokers`)
}

async function configOf(admin: Admin, topic: string): Promise<TopicFacts['config']> {
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }]
  try {
    const described = await admin.describeConfigs({ resources, includeSynonyms: false })
    const entries = described.resources[0]!.configEntries
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  } catch (error) {
    if (isError(error, 'TOPIC_AUTHORIZATION_FAILED')) return undefined
    throw error
  }
}

/** A question that a cluster may not allow, and that nothing but a report needs. */
async function logFoldersOf(admin: Admin): Promise<string[]> {
  try {
    const { brokers } = await admin.describeCluster()
    const configNames = ['log.dirs', 'log.dir']
    const { BROKER: type } = kafkajs.ConfigResourceTypes
    const resources = brokers.map(({ nodeId }) => ({ type, name: String(nodeId), configNames }))
    const described = await admin.describeConfigs({ resources, includeSynonyms: false })
    const values = described.resources.flatMap(({ configEntries }) =>
      configEntries.map(({ configValue }) => configValue),
    )
    return [...new Set(values.flatMap((value) => value?.split(',') ?? []))]
  } catch {
    return []
  }
}

/** Counts events behind the group's committed offsets, over all partitions. */
export async function lagOf(admin: Admin, topic: string): Promise<number> {
  const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
  const ends = await admin.fetchTopicOffsets(topic)
  return ends.reduce((sum, { partition, low, high }) => {
    return sum + Math.max(0, Number(high) - Math.max(committed.get(partition) ?? -1, Number(low)))
  }, 0)
}
