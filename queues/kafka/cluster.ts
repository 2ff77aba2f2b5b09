import { type Admin, type BaseOptions, ConfigResourceTypes } from '@platformatic/kafka'
import { serverVersion } from '../../src/clients/kafka/broker-version.ts'
import { platformaticOptions } from '../../src/clients/kafka/platformatic.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { type Brokers, NOBODY } from '../kafka-shared/brokers.ts'
import {
  CONNECT_TIMEOUT_MS,
  type Layout,
  METADATA_MAX_AGE_MS,
  REBALANCE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  RETRY_MS,
  TOPIC_CONFIG,
  type TopicFacts,
} from '../kafka-shared/layout.ts'
import { type Deleting, mayDelete } from '../kafka-shared/settled.ts'
import { makeOrFind } from '../kafka-shared/topic.ts'
import { LASTING } from '../kafka-shared/trouble.ts'

const EARLIEST = -2n
const LATEST = -1n
/** A new topic has leaders soon, but not at once. */
const LEADERS_TRIES_MAX = 100
/** The first question about any group makes a new broker begin to keep groups. */
const NO_COORDINATOR_YET = ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR']

export function clientOptions({ address }: Layout): BaseOptions {
  return {
    ...platformaticOptions(address),
    metadataMaxAge: METADATA_MAX_AGE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retries: 0,
  }
}

/** Whether the broker answered with this error of the protocol, however deep the client wrapped it. */
export function isError(error: unknown, apiId: string): boolean {
  return some(error, (one) => one.apiId === apiId)
}

/** Whether the broker answered with an error that Kafka calls retriable: a new topic has no leaders yet. */
function maySoonPass(error: unknown): boolean {
  return some(error, (one) => one.apiId !== undefined && one.canRetry === true)
}

/** Whether somebody has to mend something before it goes away. */
export function isLasting(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'PLT_KFK_AUTHENTICATION' || LASTING.some((apiId) => isError(error, apiId))
}

function some(
  error: unknown,
  is: (one: Error & { readonly apiId?: unknown; readonly canRetry?: unknown }) => boolean,
): boolean {
  if (!(error instanceof Error)) return false
  return is(error) || (error instanceof AggregateError && error.errors.some((one) => some(one, is)))
}

/** For catch(): swallows this one error of the protocol. */
export function unless(apiId: string): (error: unknown) => void {
  return (error) => {
    if (!isError(error, apiId)) throw error
  }
}

export async function makeTopic(admin: Admin, { topic, partitions, address }: Layout): Promise<void> {
  const { replication: replicas } = address
  const wanted = { topics: [topic], partitions, ...(replicas && { replicas }), configs: TOPIC_CONFIG }
  await makeOrFind(
    async () => Promise.resolve(admin.createTopics(wanted)).catch(unless('TOPIC_ALREADY_EXISTS')),
    async () => (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic) !== undefined,
  )
}

/** Describes the topic, once each of its partitions has a leader. */
export async function describe(admin: Admin, layout: Layout, brokers: Brokers): Promise<TopicFacts> {
  const partitions = await partitionsOf(admin, layout.topic)
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
  const server = await serverVersion({ ...layout.address, brokers: brokers.answering() })
  const config = await configOf(admin, layout.topic)
  const logFolders = await logFoldersOf(admin, layout.topic, partitions.length)
  const deletesSettled = layout.isOurs
    ? await mayDelete(deletingOf(admin, layout.topic), ledOf(partitions)[0]!)
    : undefined
  return { server, partitions: partitions.length, replicas, config, logFolders, deletesSettled }
}

/** Metadata names a leader before that broker has made the log. Only an offset from each shows that it can be written. */
async function partitionsOf(admin: Admin, topic: string) {
  for (let tries = 0; tries < LEADERS_TRIES_MAX; tries++) {
    if (tries > 0) await sleep(systemClock, 100)
    try {
      const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
      const { partitions } = metadata.topics.get(topic)!
      const led = partitions.some(({ leader }) => leader !== NOBODY)
      const isWhole = partitions.every(({ leader }) => leader !== NOBODY)
      // A partition whose leader does not come back must not keep the others from being used.
      if (!isWhole && !(led && tries === LEADERS_TRIES_MAX - 1)) continue
      await offsetsOf(admin, topic, ledOf(partitions), LATEST)
      return partitions
    } catch (error) {
      if (!maySoonPass(error) && !/^Unknown topic/.test(messageOf(error))) throw error
    }
  }
  throw new FloodmarkError('unavailable', `no partition of ${topic} has a leader: look at the brokers`)
}

const ledOf = (partitions: readonly { readonly leader: number }[]) =>
  partitions.flatMap(({ leader }, partition) => (leader === NOBODY ? [] : [partition]))

/** By partition. */
async function offsetsOf(admin: Admin, topic: string, of: readonly number[], timestamp: bigint) {
  const partitions = of.map((partitionIndex) => ({ partitionIndex, timestamp }))
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  return new Map(listed!.partitions.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
}

async function configOf(admin: Admin, topic: string): Promise<TopicFacts['config']> {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: null }
  const described = await admin.describeConfigs({ resources: [resource] }).catch(unless('TOPIC_AUTHORIZATION_FAILED'))
  return described ? new Map(described[0]!.configs.map(({ name, value }) => [name, value])) : undefined
}

/** A question that a cluster may not allow, and that nothing but a report needs. */
async function logFoldersOf(admin: Admin, topic: string, count: number): Promise<string[]> {
  const partitions = Array.from({ length: count }, (_, partition) => partition)
  const brokers = await admin.describeLogDirs({ topics: [{ name: topic, partitions }] }).catch(() => [])
  return [...new Set(brokers.flatMap(({ results }) => results.map(({ logDir }) => logDir)))]
}

export function deletingOf(admin: Admin, topic: string): Deleting {
  return {
    remove(before) {
      const partitions = before.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) }))
      return admin.deleteRecords({ topics: [{ name: topic, partitions }] })
    },
    isRefused: (error) => isLasting(error) || isError(error, 'POLICY_VIOLATION'),
  }
}

/** A killed member stays in its group until its session ends. The broker keeps the group until then. */
export async function deleteGroup(admin: Admin, group: string): Promise<void> {
  const deleting = whileNotYet(['NON_EMPTY_GROUP', ...NO_COORDINATOR_YET], async () => {
    await admin.deleteGroups({ groups: [group] })
  })
  await deleting.catch(unless('GROUP_ID_NOT_FOUND'))
}

async function whileNotYet<T>(errors: readonly string[], run: () => Promise<T>): Promise<T> {
  const untilMs = systemClock.monotonic() + REBALANCE_TIMEOUT_MS
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!errors.some((apiId) => isError(error, apiId)) || systemClock.monotonic() > untilMs) throw error
      await sleep(systemClock, RETRY_MS)
    }
  }
}

/** What a group has committed, by partition; -1 where it has not, or where no leader's epoch came with it. */
export async function committedOf(admin: Admin, groupId: string, topic: string, partitions: readonly number[]) {
  const groups = [{ groupId, topics: [{ name: topic, partitionIndexes: [...partitions] }] }]
  const [group] = await whileNotYet(NO_COORDINATOR_YET, async () => admin.listConsumerGroupOffsets({ groups }))
  return (group!.topics[0]?.partitions ?? []).map((one) => ({
    partition: one.partitionIndex,
    offset: Number(one.committedOffset),
    leaderEpoch: one.committedLeaderEpoch,
  }))
}

/** Counts events behind the group's committed offsets, over all partitions that have a leader. */
export async function lagOf(admin: Admin, { topic, group }: Layout, count: number): Promise<number> {
  const all = Array.from({ length: count }, (_, partition) => partition)
  const committed = new Map((await committedOf(admin, group, topic, all)).map((one) => [one.partition, one.offset]))
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
  const led = ledOf(metadata.topics.get(topic)!.partitions)
  if (led.length === 0) throw new FloodmarkError('unavailable', `no partition of ${topic} has a leader`)
  const earliest = await offsetsOf(admin, topic, led, EARLIEST)
  const latest = await offsetsOf(admin, topic, led, LATEST)
  return led.reduce((sum, one) => {
    const from = Math.max(committed.get(one) ?? -1, earliest.get(one)!)
    return sum + Math.max(0, latest.get(one)! - from)
  }, 0)
}
