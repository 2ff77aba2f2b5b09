import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { type BrokerPlace, type Brokers, NOBODY, nameOf, noAnswer } from '../kafka-shared/brokers.ts'
import { wholeAnswers } from './whole-answers.ts'

const METADATA = 3
const FIND_COORDINATOR = 10
/** The versions of Metadata that kafkajs 2.2.4 asks brokers of our days for. Their answers are of one form. */
const VERSIONS = [5, 6]
/** The same of FindCoordinator. */
const COORDINATOR_VERSIONS = [1, 2]
/** Of one partition, in an answer that is right about all others: no leader, no replica, no listener. */
const OF_A_PARTITION = [5, 9, 72]
/** Of a request: length, kind, version, correlation id. Of an answer: length, correlation id, throttle time. */
const HEAD_BYTES = 12

export interface ReadableOptions {
  readonly brokers: Brokers
  readonly topic: string
  /**
   * Whether a partition without a leader is left out, as those need it who ask for all partitions. Who publishes must not have
   * it so: kafkajs drops without a word what is meant for a partition that it does not know.
   */
  readonly withoutLeaderless: boolean
  /** Told who leads each partition of the topic; NOBODY where none does that answers. */
  readonly onLeaders: (leaders: readonly number[]) => void
  /** Told which broker keeps the consumers. */
  readonly onCoordinator: (coordinator: BrokerPlace) => void
}

/**
 * The socket of kafkajs, which gets answers about the cluster that it can go on with. kafkajs throws a whole answer away when
 * one partition in it has no leader. It also goes on asking a broker that is silent: such a broker is left out, and requests
 * that wait for it fail.
 */
export function readableAnswers(options: ReadableOptions): ISocketFactory {
  const { brokers } = options
  return (at) => {
    const socket = wholeAnswers(at)
    const name = nameOf(at)
    const waiting = new Map<number, { readonly api: number; readonly version: number; answered(): void }>()
    if (brokers.isSilent(name)) setImmediate(() => socket.destroy(noAnswer()))
    const forget = brokers.onSilent((silent) => {
      if (silent === name) socket.destroy(noAnswer())
    })
    socket.once('close', () => {
      forget()
      for (const { answered } of waiting.values()) answered()
    })
    const write = socket.write.bind(socket) as (request: Buffer, ...rest: never[]) => boolean
    socket.write = ((request: Buffer, ...rest: never[]) => {
      if (request.length < HEAD_BYTES) return write(request, ...rest)
      const [api, version, correlation] = [request.readInt16BE(4), request.readInt16BE(6), request.readInt32BE(8)]
      const answered = brokers.doubtAfter(0)
      waiting.set(correlation, { api, version, answered })
      return write(request, ...rest)
    }) as Socket['write']
    const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket
    const read = (take: (answer: Buffer) => void) => (answer: Buffer) => {
      const asked = waiting.get(answer.readInt32BE(4))
      waiting.delete(answer.readInt32BE(4))
      asked?.answered()
      if (asked?.api === FIND_COORDINATOR && COORDINATOR_VERSIONS.includes(asked.version)) {
        const coordinator = coordinatorIn(answer)
        if (coordinator) options.onCoordinator(coordinator)
      }
      take(asked?.api === METADATA && VERSIONS.includes(asked.version) ? readable(answer, options) : answer)
    }
    socket.on = ((event: string, listener: (...args: never[]) => void) =>
      on(event, event === 'data' ? read(listener as (answer: Buffer) => void) : listener)) as Socket['on']
    return socket
  }
}

interface ToldBroker extends BrokerPlace {
  readonly node: number
  readonly bytes: Buffer
}

/** What an answer to FindCoordinator says; undefined where it is an error. */
export function coordinatorIn(answer: Buffer): BrokerPlace | undefined {
  const cursor = new Cursor(answer, HEAD_BYTES)
  if (cursor.int16() !== 0) return undefined
  cursor.text()
  cursor.int32()
  return { host: cursor.text(), port: cursor.int32() }
}

/** An answer to Metadata without what kafkajs cannot read, or would go wrong with. */
export function readable(
  answer: Buffer,
  { brokers, topic, withoutLeaderless, onLeaders }: Omit<ReadableOptions, 'onCoordinator'>,
): Buffer {
  const cursor = new Cursor(answer, HEAD_BYTES)
  const all: ToldBroker[] = cursor.list((from) => {
    const [node, host, port] = [cursor.int32(), cursor.text(), cursor.int32()]
    cursor.text()
    return { node, host, port, bytes: answer.subarray(from, cursor.at) }
  })
  brokers.know(all)
  const able = all.filter((one) => !brokers.isSilent(one))
  const clusterAt = cursor.at
  cursor.text()
  const controller = cursor.int32()
  const cluster = Buffer.from(answer.subarray(clusterAt, cursor.at))
  // Any broker passes on what is for the controller.
  if (able.length > 0 && !able.some(({ node }) => node === controller)) {
    cluster.writeInt32BE(able[0]!.node, cluster.length - 4)
  }
  const parts = [answer.subarray(0, HEAD_BYTES), ...listOf(able.map(({ bytes }) => bytes)), cluster]
  const topics = cursor.list((from) => {
    cursor.int16()
    const name = cursor.text()
    cursor.at++
    const head = answer.subarray(from, cursor.at)
    const partitions = cursor.list(() => partitionAt(cursor, answer, able))
    if (name === topic && partitions.length > 0) onLeaders(leadersOf(partitions))
    const kept = withoutLeaderless ? partitions.filter(({ leader }) => leader !== NOBODY) : partitions
    return Buffer.concat([head, ...listOf(kept.map(({ bytes }) => bytes))])
  })
  const whole = Buffer.concat([...parts, ...listOf(topics)])
  whole.writeInt32BE(whole.length - 4, 0)
  return whole
}

interface ToldPartition {
  readonly partition: number
  readonly leader: number
  readonly bytes: Buffer
}

function partitionAt(cursor: Cursor, answer: Buffer, able: readonly ToldBroker[]): ToldPartition {
  const from = cursor.at
  const [code, partition, told] = [cursor.int16(), cursor.int32(), cursor.int32()]
  for (const _ of ['replicas', 'in sync', 'offline']) cursor.list(() => cursor.int32())
  const bytes = Buffer.from(answer.subarray(from, cursor.at))
  const leader = able.some(({ node }) => node === told) ? told : NOBODY
  if (OF_A_PARTITION.includes(code)) bytes.writeInt16BE(0, 0)
  bytes.writeInt32BE(leader, 6)
  return { partition, leader, bytes }
}

function leadersOf(partitions: readonly ToldPartition[]): number[] {
  const leaders: number[] = []
  for (const { partition, leader } of partitions) leaders[partition] = leader
  return leaders
}

function listOf(items: readonly Buffer[]): Buffer[] {
  const count = Buffer.alloc(4)
  count.writeInt32BE(items.length)
  return [count, ...items]
}

class Cursor {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  int16(): number {
    this.at += 2
    return this.#bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.#bytes.readInt32BE(this.at - 4)
  }

  /** Empty where there is none. */
  text(): string {
    const length = Math.max(0, this.int16())
    this.at += length
    return this.#bytes.toString('utf8', this.at - length, this.at)
  }

  list<T>(item: (from: number) => T): T[] {
    const items: T[] = []
    for (let left = this.int32(); left > 0; left--) items.push(item(this.at))
    return items
  }
}
