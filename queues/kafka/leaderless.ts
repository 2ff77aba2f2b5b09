import { type Base, type Connection, kGetBootstrapConnection, kGetConnection, kMetadata } from '@platformatic/kafka'
import type { KafkaAddress } from '../../src/clients/kafka/address.ts'
import { type BrokerPlace, type Brokers, NOBODY, noAnswer, noLeader } from '../kafka-shared/brokers.ts'

/** While a partition has no leader, the brokers are asked again after so many ms. */
const ASK_AGAIN_MS = 500
/** Errors of one partition in an answer that is right about all others. */
const OF_A_PARTITION = ['LEADER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE', 'LISTENER_NOT_FOUND']
/** When new metadata takes longer, ms, what was known goes on to be used. */
const STALE_MS = 500

type Metadata = Awaited<ReturnType<Base['metadata']>>
type Partition = NonNullable<ReturnType<Metadata['topics']['get']>>['partitions'][number]

interface Leaders {
  /** NOBODY: it has none that answers. Undefined: not known. */
  of(topic: string, partition: number): number | undefined
  placeOf(leader: number): BrokerPlace | undefined
  /** Of a topic's partitions; undefined: not known. */
  count(topic: string): number | undefined
}

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
 * Makes a client go on with the other partitions of a topic while one has no leader, or its leader is silent. This client gives
 * nothing at all of an answer that names an error of one partition, and can neither publish nor consume then. It also asks the
 * first broker of its address whatever is asked of any broker, and waits for a silent one.
 */
export function despiteLeaderless(client: Base, { brokers: first }: KafkaAddress, brokers: Brokers): Leaders {
  const asked = client[kMetadata].bind(client)
  let partial: { readonly metadata: Metadata; readonly key: string; readonly untilMs: number } | undefined
  let last: { readonly metadata: Metadata; readonly key: string } | undefined
  const keep = (metadata: Metadata, key: string) => {
    if (last?.metadata.brokers !== metadata.brokers) brokers.know(metadata.brokers.values())
    if (key) last = { metadata, key }
    return answering(metadata, brokers)
  }
  client[kMetadata] = (options, callback) => {
    const key = (options.topics ?? []).join()
    if (partial && !options.forceUpdate && partial.key === key && performance.now() < partial.untilMs) {
      callback(null, answering(partial.metadata, brokers))
      return
    }
    const known = !options.forceUpdate && last?.key === key ? last.metadata : undefined
    const give = once(callback, brokers, known && (() => answering(known, brokers)))
    asked(options, (error, metadata) => {
      const whole = error ? metadataIn(error) : metadata
      partial = error && whole ? { metadata: whole, key, untilMs: performance.now() + ASK_AGAIN_MS } : undefined
      if (whole) give(null, keep(whole, key))
      else give(error, undefined!)
    })
  }
  const connection = client[kGetConnection].bind(client)
  client[kGetConnection] = (broker, callback) => {
    if (!broker) callback(noLeader(), undefined!)
    else if (brokers.isSilent(broker)) callback(noAnswer(), undefined!)
    else connection(broker, callback)
  }
  client[kGetBootstrapConnection] = (callback) => {
    const all = [...first.map(placeOf), ...(last?.metadata.brokers.values() ?? [])]
    const able = all.filter((one) => !brokers.isSilent(one))
    client.connections.getFirstAvailable(able.length > 0 ? able : all, callback)
  }
  const forget = brokers.onSilent((broker) => cut(client.connections, broker))
  client.once('client:close', forget)
  return {
    of: (topic, partition) => {
      const leader = last?.metadata.topics.get(topic)?.partitions[partition]?.leader
      return leader !== undefined && brokers.isSilent(last!.metadata.brokers.get(leader)) ? NOBODY : leader
    },
    placeOf: (leader) => last?.metadata.brokers.get(leader),
    count: (topic) => last?.metadata.topics.get(topic)?.partitionsCount,
  }
}

/** Calls it once: with the answer, or with what was known before while a new answer takes long. */
function once(callback: Parameters<Base[typeof kMetadata]>[1], brokers: Brokers, known: (() => Metadata) | undefined) {
  let over = false
  const give = (error: Error | null, metadata: Metadata) => {
    if (over) return
    over = true
    callback(error, metadata)
  }
  const stopDoubting = brokers.doubtAfter(0)
  const late = known && setTimeout(() => give(null, known()), STALE_MS)
  return (error: Error | null, metadata: Metadata) => {
    stopDoubting()
    clearTimeout(late)
    give(error, metadata)
  }
}

/** Ends the connections to a broker: what waits there fails now, and what comes later connects anew. */
export function cut(connections: Iterable<[string, Connection]>, broker: string): void {
  const key = broker.replace(/[[\]]/g, '')
  for (const [name, connection] of connections) if (name === key) connection.socket?.destroy()
}

/** What is known of the leaders. A partition whose leader is silent has none. */
function answering(metadata: Metadata, brokers: Brokers): Metadata {
  if (!brokers.someSilent) return metadata
  const topics = [...metadata.topics].map(([name, topic]): [string, typeof topic] => {
    const partitions = topic?.partitions.map((one) => {
      return brokers.isSilent(metadata.brokers.get(one.leader)) ? { ...one, leader: NOBODY } : one
    })
    return [name, partitions ? { ...topic, partitions } : topic]
  })
  return { ...metadata, topics: new Map(topics) }
}

function placeOf(broker: string): BrokerPlace {
  const colon = broker.lastIndexOf(':')
  return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) }
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
