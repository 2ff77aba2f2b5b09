import { describe, expect, it } from 'vitest'
import { layoutOf, traitsOf } from '../../queues/kafka-shared/layout.ts'
import { murmur2, partitionOf } from '../../queues/kafka-shared/murmur2.ts'

const config = (changes: Record<string, string>) =>
  new Map(
    Object.entries({
      'max.message.bytes': '1048588',
      'min.insync.replicas': '1',
      'flush.messages': '9223372036854775807',
      'unclean.leader.election.enable': 'false',
      ...changes,
    }),
  )
const survives = (replicas: number, changes: Record<string, string>) =>
  traitsOf('kafka', { server: 'Kafka', replicas, config: config(changes) }).survives

describe('the layout of a topic', () => {
  it.each([
    // The values of UtilsTest.testMurmur2 in Kafka's own sources.
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as the Java client does', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
    // A negative hash loses its sign bit. Negating it would lead to another partition.
    expect(partitionOf(Buffer.from(key), 12)).toBe((hash < 0 ? hash + 2 ** 31 : hash) % 12)
  })

  it('grants power loss only with flushed appends, and host loss only with three replicas', () => {
    const always = ['receiver-crash', 'broker-crash']
    expect(survives(1, {})).toEqual(always)
    expect(survives(1, { 'flush.messages': '1' })).toEqual([...always, 'power-loss'])
    expect(survives(3, {})).toEqual(always)
    expect(survives(2, { 'min.insync.replicas': '2' })).toEqual(always)
    expect(survives(3, { 'min.insync.replicas': '2' })).toEqual([...always, 'host-loss'])
    const unclean = { 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'true' }
    expect(survives(3, unclean)).toEqual(always)
  })

  it('says unknown, and grants nothing, where the cluster does not allow the question', () => {
    const traits = traitsOf('kafka', { server: 'Kafka 4.1', replicas: 3, config: undefined })
    expect(traits.survives).toEqual(['receiver-crash', 'broker-crash'])
    expect(traits.server).toContain('min.insync.replicas unknown')
  })

  it('keeps a publish of many small events within the largest batch of the topic', () => {
    const traits = traitsOf('kafka', { server: 'Kafka', replicas: 1, config: config({}) })
    const largestRecordHead = 128 + 32
    expect(traits.publishBytesMax + traits.publishEventsMax * largestRecordHead).toBeLessThan(1_048_588)
  })

  it.each(['redis://h:1', 'kafka://', 'kafka://h', 'kafka://user:secret@h:1', 'kafka://h:1/topic', 'h:1'])(
    'refuses %s as an address',
    (url) => {
      expect(() => layoutOf({ url, namespace: 'n' })).toThrow(expect.objectContaining({ code: 'misuse' }))
    },
  )

  it('takes several brokers', () => {
    const url = 'kafka://a.b:9092,10.0.0.1:9093,[::1]:9094'
    expect(layoutOf({ url, namespace: 'n' }).brokers).toEqual(['a.b:9092', '10.0.0.1:9093', '[::1]:9094'])
  })
})
