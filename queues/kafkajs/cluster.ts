import kafkajs, { type Admin } from 'kafkajs'
import { serverVersion } from '../../src/clients/kafka/broker-version.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { NOBODY } from '../kafka-shared/brokers.ts'
import { type Layout, REBALANCE_TIMEOUT_MS, RETRY_MS, TOPIC_CONFIG, type TopicFacts } from '../kafka-shared/layout.ts'
import { type Deleting, mayDelete } from '../kafka-shared/settled.ts'
import { makeOrFind } from '../kafka-shared/topic.ts'
import { LASTING } from '../kafka-shared/trouble.ts'
import type { Connections } from './connections.ts'

/** A new topic has leaders soon, but not at once. */
const LEADERS_TRIES_MAX = 100
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']

/** Whether the broker answered with this error of the protocol, however deep the client wrapped it. */
export function isError(error: unknown, type: string): boolean {
  if (!(error instanceof Error)) return false
  if ('type' in error && error.type === type) return true
  const inner = [
    error.cause,
    ...listOf(error, 'errors'),
    ...errorsOf(error, 'groups'),
    ...errorsOf(error, 'partitions'),
  ]
  return inner.some((one) => isError(one, type))
}

/** For people: what lasts until somebody mends something. */
export function lastingTrouble(cause: unknown): FloodmarkError | undefined {
  const what = `Kafka: ${messageOf(cause)}`
  if (isUnreadable(cause)) {
    return new FloodmarkError('unavailable', `${what} by kafkajs: take the queue 'kafka', which can read it`, { cause })
  }
  if (LASTING.some((type) => isError(cause, type))) return new FloodmarkError('unavailable', what, { cause })
  return undefined
}

/** Whether a record is compressed in a way that kafkajs leaves to packages of others. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && (error.name === 'KafkaJSNotImplemented' || isUnreadable(error.cause))
}

function listOf(error: object, name: string): { error?: unknown }[] {
  const list = (error as Record<string, unknown>)[name]
  return Array.isArray(list) ? list : []
}

const errorsOf = (error: object, name: string) => listOf(error, name).map((one) => one.error)

export async function makeTopic(connections: Connections, { topic, partitions, address }: Layout): Promise<void> {
  const replicationFactor = address.replication ?? -1
  const wanted = { topic, numPartitions: partitions, replicationFactor, configEntries: TOPIC_CONFIG }
  await makeOrFind(
    // The client's own wait gives up on the first 'unknown topic'.
    () => connections.admin.createTopics({ topics: [wanted], waitForLeaders: false }),
    async () => (await connections.look()).length > 0,
  )
}

export function deletingOf(admin: Admin, topic: string): Deleting {
  return {
    remove(before) {
      const partitions = before.map(({ partition, offset }) => ({ partition, offset: String(offset) }))
      return admin.deleteTopicRecords({ topic, partitions })
    },
    isRefused: (error) => [...LASTING, 'POLICY_VIOLATION'].some((type) => isError(error, type)),
  }
}

/** A killed member stays in its group until its session ends. The broker keeps the group until then. */
export async function deleteAll(admin: Admin, { topic, group }: Layout): Promise<void> {
  await admin.deleteTopics({ topics: [topic] }).catch((error) => {
    if (!isError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
  })
  const untilMs = systemClock.monotonic() + REBALANCE_TIMEOUT_MS
  for (;;) {
    try {
      await admin.deleteGroups([group])
      return
    } catch (error) {
      if (isError(error, 'GROUP_ID_NOT_FOUND')) return
      if (!isError(error, 'NON_EMPTY_GROUP') || systemClock.monotonic() > untilMs) throw error
      await sleep(systemClock, RETRY_MS)
    }
  }
}

/** Describes the topic, once each of its partitions has a leader. */
export async function describe(connections: Connections, layout: Layout): Promise<TopicFacts> {
  const { admin, brokers } = connections
  const { topic } = layout
  const leaders = await untilLed(connections, topic)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const replicas = Math.min(...topics[0]!.partitions.map((partition) => partition.replicas.length))
  const server = await serverVersion({ ...layout.address, brokers: brokers.answering() })
  const config = await configOf(admin, topic)
  const logFolders = await logFoldersOf(admin)
  const led = leaders.findIndex((one) => one !== NOBODY)
  const deletesSettled = layout.isOurs ? await mayDelete(deletingOf(admin, topic), led) : undefined
  return { server, partitions: leaders.length, replicas, config, logFolders, deletesSettled }
}

/**
 * Resolves with the leaders. Metadata names a leader before that broker has made the log. Only an offset from
 * each shows that it can be written.
 */
async function untilLed(connections: Connections, topic: string): Promise<readonly number[]> {
  for (let tries = 0; tries < LEADERS_TRIES_MAX; tries++) {
    try {
      const leaders = await connections.look()
      const isWhole = leaders.length > 0 && !leaders.includes(NOBODY)
      // A partition whose leader does not come back must not keep the others from being used.
      if (isWhole || (tries === LEADERS_TRIES_MAX - 1 && leaders.some((one) => one !== NOBODY))) {
        await connections.admin.fetchTopicOffsets(topic)
        return leaders
      }
    } catch (error) {
      if (!NOT_YET.some((type) => isError(error, type))) throw error
    }
    await sleep(systemClock, 100)
  }
  throw new FloodmarkError('unavailable', `no partition of ${topic} has a leader: look at the brokers`)
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

/** Counts events behind the group's committed offsets, over all partitions that have a leader. */
export async function lagOf(connections: Connections, { topic, group: groupId }: Layout): Promise<number> {
  const { admin } = connections
  const leaders = await connections.look()
  const led = leaders.filter((one) => one !== NOBODY).length
  if (led === 0) throw new FloodmarkError('unavailable', `no partition of ${topic} has a leader`)
  let ends = await admin.fetchTopicOffsets(topic)
  if (ends.length !== led) {
    // For minutes the admin goes on with those that had a leader when it asked.
    await admin.disconnect()
    await admin.connect()
    ends = await admin.fetchTopicOffsets(topic)
  }
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
  return ends.reduce((sum, { partition, low, high }) => {
    return sum + Math.max(0, Number(high) - Math.max(committed.get(partition) ?? -1, Number(low)))
  }, 0)
}
