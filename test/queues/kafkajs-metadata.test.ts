import { describe, expect, it } from 'vitest'
import { Brokers } from '../../queues/kafka-shared/brokers.ts'
import { coordinatorIn, readable } from '../../queues/kafkajs/answers.ts'

const int16 = (value: number) => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)])
const list = (items: readonly Buffer[]) => Buffer.concat([int32(items.length), ...items])
const none = int16(-1)

interface Partition {
  readonly code?: number
  readonly leader: number
}

/** An answer to Metadata, version 6, as a broker writes it. */
function answer(partitions: readonly Partition[], nodes = [1, 2], controller = 1): Buffer {
  const brokers = nodes.map((node) => Buffer.concat([int32(node), text(`h${node}`), int32(9092), none]))
  const told = partitions.map(({ code = 0, leader }, at) =>
    Buffer.concat([int16(code), int32(at), int32(leader), list([int32(1), int32(2)]), list([int32(2)]), list([])]),
  )
  const topic = Buffer.concat([int16(0), text('ours'), Buffer.from([0]), list(told)])
  const body = Buffer.concat([int32(7), int32(0), list(brokers), text('id'), int32(controller), list([topic])])
  return Buffer.concat([int32(body.length), body])
}

/** What kafkajs gets of such an answer, and who leads. */
function read(
  from: Buffer,
  withoutLeaderless: boolean,
  brokers = new Brokers({ brokers: ['h1:9092'], tls: undefined }),
) {
  let told: readonly number[] = []
  const onLeaders = (leaders: readonly number[]) => {
    told = leaders
  }
  return { bytes: readable(from, { brokers, topic: 'ours', withoutLeaderless, onLeaders }), leaders: () => told }
}

describe('an answer about the cluster', () => {
  it('is passed on as it is where nothing is wrong with it', () => {
    const whole = answer([{ leader: 1 }, { leader: 2 }])
    for (const without of [true, false]) {
      const { bytes, leaders } = read(whole, without)
      expect(bytes).toEqual(whole)
      expect(leaders()).toEqual([1, 2])
    }
  })

  it('names no partition without a leader to who asks for all, and one without its error to who publishes', () => {
    const cut = answer([{ leader: 1 }, { leader: -1, code: 5 }])
    expect(read(cut, true).bytes).toEqual(answer([{ leader: 1 }]))
    expect(read(cut, false).bytes).toEqual(answer([{ leader: 1 }, { leader: -1 }]))
    expect(read(cut, false).leaders()).toEqual([1, -1])
  })

  it('keeps an error that does not go away by leaving the partition out', () => {
    const refused = answer([{ leader: 1, code: 29 }])
    expect(read(refused, true).bytes).toEqual(refused)
  })

  it('names no silent broker, and nobody as the leader of what such a one leads', async () => {
    const first = { brokers: ['h1:9092', 'h2:9092'], tls: undefined }
    const brokers = new Brokers(first, undefined, async (broker) => broker === 'h1:9092')
    await brokers.check()
    const { bytes, leaders } = read(answer([{ leader: 1 }, { leader: 2 }]), false, brokers)
    expect(bytes).toEqual(answer([{ leader: -1 }, { leader: 2 }], [2], 2))
    expect(leaders()).toEqual([-1, 2])
    brokers.close()
  })
})

it('an answer says which broker keeps the consumers, unless it is an error', () => {
  const answer = (code: number, ...rest: readonly Buffer[]) => {
    return Buffer.concat([int32(0), int32(7), int32(0), int16(code), none, ...rest])
  }
  expect(coordinatorIn(answer(0, int32(2), text('h2'), int32(9092)))).toEqual({ host: 'h2', port: 9092 })
  expect(coordinatorIn(answer(15, int32(-1), text(''), int32(-1)))).toBeUndefined()
})
