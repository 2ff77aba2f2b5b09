import { type Base, kGetConnection, kMetadata } from '@platformatic/kafka'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** The leader of a partition that has none. */
export const NOBODY = -1
/** While a partition has no leader, the brokers are asked again after so many ms. */
const ASK_AGAIN_MS = 500
/** Errors of one partition in an answer that is right about all others. */
const OF_A_PARTITION = ['LEADER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE', 'LISTENER_NOT_FOUND']

const NO_LEADER = 'its partition has no leader: look at the brokers'

type Metadata = Awaited<ReturnType<Base['metadata']>>
type Partition = NonNullable<ReturnType<Metadata['topics']['get']>>['partitions'][number]

interface MetadataAnswer {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly { nodeId: number; host: string; port: number; rack: string | null }[]
  readonly topics: readonly {
    readonly errorCode: number
    readonly name: string
    readonly topicId: string
    readonly partitions: readonly {
      partitionIndex: number
      leaderId: number
      leaderEpoch: number
      replicaNodes: number[]
      isrNodes: number[]
      offlineReplicas: number[]
    }[]
  }[]
}

/**
 * Makes a client go on with the other partitions of a topic while one has no leader. This client gives nothing at all of an
 * answer that names an error of one partition, and can neither publish nor consume then. Returns who leads, as far as known.
 */
export function despiteLeaderless(client: Base): (topic: string, partition: number) => number | undefined {
  const asked = client[kMetadata].bind(client)
  let partial: { readonly metadata: Metadata; readonly key: string; readonly untilMs: number } | undefined
  client[kMetadata] = (options, callback) => {
    const key = (options.topics ?? []).join()
    if (partial && !options.forceUpdate && partial.key === key && performance.now() < partial.untilMs) {
      callback(null, partial.metadata)
      return
    }
    asked(options, (error, metadata) => {
      const known = error ? metadataIn(error) : undefined
      partial = known && { metadata: known, key, untilMs: performance.now() + ASK_AGAIN_MS }
      if (known) callback(null, known)
      else callback(error, metadata)
    })
  }
  const connection = client[kGetConnection].bind(client)
  client[kGetConnection] = (broker, callback) => {
    if (broker) connection(broker, callback)
    else callback(new FloodmarkError('unavailable', NO_LEADER), undefined!)
  }
  return (topic, partition) =>
    (partial?.metadata ?? client.currentMetadata)?.topics.get(topic)?.partitions[partition]?.leader
}

/** Whether this alone is why a send failed: then nothing went out. */
export function isNoLeader(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isNoLeader)
  return error instanceof FloodmarkError && error.message === NO_LEADER
}

/** What an answer says, where nothing but partitions without a leader is wrong with it. */
function metadataIn(error: unknown): Metadata | undefined {
  const { response, errors } = error as { readonly response?: MetadataAnswer; readonly errors?: { apiId?: string }[] }
  if (!response?.topics || !errors?.every(({ apiId }) => OF_A_PARTITION.includes(apiId ?? ''))) return undefined
  if (response.topics.some(({ errorCode }) => errorCode !== 0)) return undefined
  const lastUpdate = Date.now()
  return {
    id: response.clusterId,
    controllerId: response.controllerId,
    lastUpdate,
    brokers: new Map(response.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { host, port, rack }])),
    topics: new Map(
      response.topics.map(({ name, topicId, partitions: all }) => {
        const partitions: Partition[] = []
        for (const one of all) {
          partitions[one.partitionIndex] = {
            leader: one.leaderId,
            leaderEpoch: one.leaderEpoch,
            replicas: one.replicaNodes,
            isr: one.isrNodes,
            offlineReplicas: one.offlineReplicas,
          }
        }
        return [name, { id: topicId, partitions, partitionsCount: all.length, lastUpdate }]
      }),
    ),
  }
}
