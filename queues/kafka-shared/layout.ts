import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type KafkaAddress, kafkaAddress } from '../../src/clients/kafka/address.ts'
import { shareOfHeap } from '../../src/core/base/memory.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { EVENT_LIMITS } from '../../src/core/contracts/event.ts'
import { checkNamespace } from '../../src/core/contracts/namespace.ts'
import type { FailureMode, QueueOpenOptions, QueueTraits } from '../../src/core/contracts/queue.ts'

/** A new topic gets so many lanes. At most so many consumers can share its work. */
const PARTITIONS = 12
/** A new topic takes record batches of at most so many bytes: several bodies of 1 MiB with their heads. */
const TOPIC_BYTES_MAX = 4 * 1024 * 1024
/** Kafka's own default, for a topic whose settings we may not read. */
const DEFAULT_TOPIC_BYTES_MAX = 1_048_588
/** The broker deletes an event that nobody took in this time. Settled events are deleted by their consumer, much sooner. */
const RETENTION_MS = 14 * 24 * 60 * 60 * 1_000
const BATCH_HEAD_BYTES = 61
/** Bytes of one record beyond the codec's bytes: the key once more, and lengths and deltas as varints. */
const RECORD_HEAD_BYTES = EVENT_LIMITS.keyBytesMax + 32
const PUBLISH_EVENTS_MAX = 1_024

/** The broker takes a consumer for dead after so many ms: the least that its default group.min.session.timeout.ms allows. */
export const SESSION_TIMEOUT_MS = 6_000
export const HEARTBEAT_MS = 500
/** A rebalance waits so many ms for a member to finish its running handlers and join again. */
export const REBALANCE_TIMEOUT_MS = 10_000
/** Handlers may run for so many ms when partitions are handed over. The rest is for the commit and the join. */
export const REVOKE_WITHIN_MS = 7_000
/** Leaving a group, or closing connections, is given up after so many ms. */
export const CLOSE_WITHIN_MS = 2_000
/** After a failed call to the broker the next call waits so many ms. */
export const RETRY_MS = 250
/** A fetch waits at the broker for events for at most so many ms. An event that arrives ends the wait at once. */
export const FETCH_WAIT_MS = 500
/** What a client makes of small records in a fetch takes some ten times their bytes of heap. The broker sends a larger batch alone. */
export const FETCH_BYTES_MAX = shareOfHeap(1 / 64, 8 * 1024 * 1024)
export const FETCH_PARTITION_BYTES_MAX = shareOfHeap(1 / 256, 1024 * 1024)
/** Partitions that were added to a topic are seen after so many ms at the latest. */
export const METADATA_MAX_AGE_MS = 10_000
export const CONNECT_TIMEOUT_MS = 3_000
/** Above the rebalance timeout, because a join is answered only when all have joined. */
export const REQUEST_TIMEOUT_MS = REBALANCE_TIMEOUT_MS + 5_000

export interface Layout {
  readonly address: KafkaAddress
  /** Of a topic that is made. */
  readonly partitions: number
  readonly topic: string
  /** Of consumers: the only one on a topic of ours. */
  readonly group: string
  /** False: somebody named the topic, and may use it otherwise too. None of its records is deleted, and the topic is not. */
  readonly isOurs: boolean
}

/** @throws FloodmarkError 'misuse', also where a run would share a topic with others. */
export function layoutOf({ url, namespace, keptMs }: Pick<QueueOpenOptions, 'url' | 'namespace' | 'keptMs'>): Layout {
  const address = kafkaAddress(url)
  const own = `floodmark-${checkNamespace(namespace)}`
  if (address.topic !== undefined && keptMs !== undefined) {
    const why = `else it would read events of others from '${address.topic}'`
    throw new FloodmarkError('misuse', `a run makes a topic of its own, ${why}: leave the topic out of Kafka's address`)
  }
  return {
    address,
    partitions: address.partitions ?? PARTITIONS,
    topic: address.topic ?? own,
    group: address.group ?? own,
    isOurs: address.topic === undefined,
  }
}

export const TOPIC_CONFIG = [
  { name: 'max.message.bytes', value: String(TOPIC_BYTES_MAX) },
  { name: 'retention.ms', value: String(RETENTION_MS) },
  // Else a broker's own limit would delete events that still wait.
  { name: 'retention.bytes', value: '-1' },
  { name: 'cleanup.policy', value: 'delete' },
  // Else retention goes by publishers' clocks: what one that is behind publishes would be deleted too soon.
  { name: 'message.timestamp.type', value: 'LogAppendTime' },
]

/** The cluster's answers about the topic. `config` is undefined where we may not read it. */
export interface TopicFacts {
  readonly server: string
  readonly partitions: number
  readonly replicas: number
  readonly config: ReadonlyMap<string, string | null | undefined> | undefined
  /** Where the brokers say that they keep their logs; empty where we may not know. */
  readonly logFolders: readonly string[]
  /** Whether we may delete records. Undefined: not known. */
  readonly deletesSettled?: boolean | undefined
}

/**
 * Refuses a topic that would lose events, or that has less than its address asks for: a topic that is there stays as it is, and nobody
 * would notice. One that has more was altered since, and does what was asked for. @throws FloodmarkError 'misuse'.
 */
export function checkTopic({ topic, address }: Layout, { partitions, replicas, config }: TopicFacts): void {
  if (config?.get('cleanup.policy')?.includes('compact')) {
    const todo = 'set its cleanup.policy to delete, or name another topic'
    throw new FloodmarkError('misuse', `${topic} is compacted, which deletes all events of a key but the last: ${todo}`)
  }
  const less = (what: string, has: number, asked: number | undefined, todo: string) => {
    if (asked === undefined || has >= asked) return
    const message = `${topic} is there with ${what} ${has}, and its address asks for ${asked}: ${todo}, or ask for ${has}`
    throw new FloodmarkError('misuse', message)
  }
  less('partitions', partitions, address.partitions, 'add partitions to the topic')
  less('replication', replicas, address.replication, 'reassign its replicas')
}

/** Only folders that hold a partition of the topic: another machine may have a folder of the same name. */
function foldersHere(topic: string, logFolders: readonly string[]): readonly string[] {
  return logFolders.filter((folder) => {
    return (
      isAbsolute(folder) &&
      Array.from({ length: PARTITIONS }).some((_, at) => existsSync(join(folder, `${topic}-${at}`)))
    )
  })
}

export function traitsOf(
  name: string,
  { topic, isOurs, address: { acks, lingerMs, partitions: asked } }: Layout,
  { server, partitions, replicas, config, logFolders, deletesSettled }: TopicFacts,
): QueueTraits {
  const batchBytesMax = Number(config?.get('max.message.bytes') ?? DEFAULT_TOPIC_BYTES_MAX)
  // A batch has to fit into one file of the log, too.
  const bytesMax = Math.min(batchBytesMax, Number(config?.get('segment.bytes') ?? batchBytesMax))
  const minInSync = config?.get('min.insync.replicas') ?? 'unknown'
  const flushed = config?.get('flush.messages') ?? 'unknown'
  const flush = flushed === '9223372036854775807' ? 'never' : flushed
  const unclean = config?.get('unclean.leader.election.enable') ?? 'unknown'
  const retention = config?.get('retention.bytes') ?? 'unknown'
  const retentionMs = config?.get('retention.ms') ?? 'unknown'
  const settings = [
    `replication ${replicas}`,
    `min.insync.replicas ${minInSync}`,
    `unclean.leader.election ${unclean}`,
    `flush.messages ${flush}`,
    `retention.bytes ${retention}`,
  ]
  if (asked !== undefined && partitions > asked)
    settings.push(`partitions ${partitions}, more than the ${asked} asked for`)
  if (acks === '1') settings.push('acks 1: only the leader has it')
  if (Number(retention) >= 0) settings.push('which deletes events that wait beyond it')
  if (Number(retentionMs) >= 0 && Number(retentionMs) < RETENTION_MS) {
    settings.push(`retention.ms ${retentionMs}, which deletes events that wait for longer`)
  }
  if (config?.get('message.timestamp.type') === 'CreateTime') {
    settings.push("message.timestamp.type CreateTime, by which retention goes by publishers' clocks")
  }
  if (!isOurs) settings.push('settled records are kept: others may read the topic too')
  else if (deletesSettled !== undefined)
    settings.push(`settled records are ${deletesSettled ? 'deleted' : 'kept: we may not delete them'}`)
  const here = foldersHere(topic, logFolders)
  return {
    name,
    server: `${server}, ${settings.join(', ')}`,
    survives:
      acks === 'all'
        ? survives(replicas, Number(minInSync), Number(flush), unclean === 'false')
        : leaderAlone(replicas, Number(flush)),
    ...(here.length > 0 && { dataFolders: here }),
    order: 'lane',
    countsDeliveries: false,
    dedupWindowMs: 0,
    shared: true,
    publishEventsMax: PUBLISH_EVENTS_MAX,
    publishBytesMax: bytesMax - BATCH_HEAD_BYTES - PUBLISH_EVENTS_MAX * RECORD_HEAD_BYTES,
    ...(lingerMs !== undefined && { lingerMs }),
  }
}

/**
 * acks=all means that the event is in the page cache of every replica in sync, and of at least min.insync.replicas. So a
 * killed broker loses nothing, as long as no replica without the event may take over from it. A host without power does,
 * unless each append is flushed or another host has the event. NaN stands for unknown and grants nothing.
 */
function survives(replicas: number, minInSync: number, flushMessages: number, onlyInSync: boolean): FailureMode[] {
  const kept = onlyInSync || replicas === 1 || minInSync >= replicas
  const survived: FailureMode[] = ['receiver-crash']
  if (kept) survived.push('broker-crash')
  if (kept && flushMessages === 1) survived.push('power-loss')
  if (replicas >= 3 && minInSync >= 2 && onlyInSync) survived.push('host-loss')
  return survived
}

/** acks=1: a follower without the event takes over from a leader that is killed, unless there is none. */
function leaderAlone(replicas: number, flushMessages: number): FailureMode[] {
  return replicas === 1 ? survives(1, 1, flushMessages, true) : ['receiver-crash']
}
