import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkTopic, layoutOf, type TopicFacts, traitsOf } from '../../queues/kafka-shared/layout.ts'
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
const layout = (topic: string, query = '') => ({ ...layoutOf({ url: `kafka://h:1${query}`, namespace: 'n' }), topic })
const survives = (replicas: number, changes: Record<string, string>) =>
  traits({ replicas, config: config(changes) }).survives
const KNOWN = { server: 'Kafka 4.1', partitions: 12, logFolders: [] }
const traits = (facts: Pick<TopicFacts, 'replicas' | 'config'>) =>
  traitsOf('kafka', layout('a-topic'), { ...KNOWN, ...facts })

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
  })

  it('grants no broker crash where a replica without the event may take over', () => {
    const unclean = { 'unclean.leader.election.enable': 'true', 'flush.messages': '1' }
    expect(survives(3, { ...unclean, 'min.insync.replicas': '2' })).toEqual(['receiver-crash'])
    // There is no other replica, or none may lack the event.
    expect(survives(1, unclean)).toContain('power-loss')
    expect(survives(3, { ...unclean, 'min.insync.replicas': '3' })).toEqual([
      'receiver-crash',
      'broker-crash',
      'power-loss',
    ])
  })

  it('grants no broker crash with acks=1 but to a leader without followers, and hands its linger on', () => {
    const of = (query: string, replicas: number) =>
      traitsOf('kafka', layout('a-topic', query), {
        ...{ ...KNOWN, replicas },
        config: config({ 'min.insync.replicas': '2', 'flush.messages': '1' }),
      })
    expect(of('?acks=1', 3).survives).toEqual(['receiver-crash'])
    expect(of('?acks=1', 1).survives).toEqual(['receiver-crash', 'broker-crash', 'power-loss'])
    expect(of('?acks=1', 3).server).toContain('acks 1: only the leader has it')
    expect(of('?lingerMs=5', 3).lingerMs).toBe(5)
    expect(of('', 3)).not.toHaveProperty('lingerMs')
  })

  it('says which of the broker’s settings may cost an event', () => {
    const { server } = traits({ replicas: 1, config: config({ 'retention.bytes': '1000' }) })
    expect(server).toBe(
      'Kafka 4.1, replication 1, min.insync.replicas 1, unclean.leader.election false, flush.messages never, retention.bytes 1000, which deletes events that wait beyond it',
    )
    const server1 = (changes: Record<string, string>) => traits({ replicas: 1, config: config(changes) }).server
    expect(server1({ 'retention.bytes': '-1' })).toMatch(/retention.bytes -1$/)
    expect(server1({ 'retention.ms': '3600000' })).toMatch(/retention.ms 3600000, which deletes events that wait/)
    expect(server1({ 'retention.ms': '1209600000' })).not.toContain('retention.ms')
  })

  it('is refused where it is compacted, or has less than its address asks for, and says where it has more', () => {
    const facts = { ...KNOWN, replicas: 1, config: undefined }
    const check = (query: string) => () => checkTopic(layout('a-topic', query), facts)
    const misuse = (message: string) => expect.objectContaining({ code: 'misuse', message })
    expect(check('?partitions=24')).toThrow(
      misuse(
        'a-topic is there with partitions 12, and its address asks for 24: add partitions to the topic, or ask for 12',
      ),
    )
    expect(check('?replication=3')).toThrow(
      misuse('a-topic is there with replication 1, and its address asks for 3: reassign its replicas, or ask for 1'),
    )
    for (const query of ['', '?partitions=12&replication=1', '?partitions=6']) expect(check(query)).not.toThrow()
    const compacted = { ...facts, config: config({ 'cleanup.policy': 'compact,delete' }) }
    expect(() => checkTopic(layout('a-topic'), compacted)).toThrow(
      misuse(
        'a-topic is compacted, which deletes all events of a key but the last: set its cleanup.policy to delete, or name another topic',
      ),
    )
    const said = (query: string) => traitsOf('kafka', layout('a-topic', query), facts).server
    expect(said('?partitions=6')).toContain('partitions 12, more than the 6 asked for')
    expect(said('?partitions=12')).not.toContain('asked for')
  })

  it('names the folders of this machine that hold a partition of its own, and no others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-log-'))
    const logFolders = [folder, '/no/such/folder']
    const of = (topic: string) =>
      traitsOf('kafka', layout(topic), { ...KNOWN, replicas: 1, config: config({}), logFolders }).dataFolders
    mkdirSync(join(folder, 'mine-3'))
    expect(of('mine')).toEqual([folder])
    expect(of('another')).toBeUndefined()
    rmSync(folder, { recursive: true })
  })

  it('says unknown, and grants nothing, where the cluster does not allow the question', () => {
    const { survives, server } = traits({ replicas: 3, config: undefined })
    expect(survives).toEqual(['receiver-crash'])
    expect(server).toContain('min.insync.replicas unknown')
  })

  it('keeps a publish of many small events within the largest batch of the topic', () => {
    const { publishBytesMax, publishEventsMax } = traits({ replicas: 1, config: config({}) })
    const largestRecordHead = 128 + 32
    expect(publishBytesMax + publishEventsMax * largestRecordHead).toBeLessThan(1_048_588)
  })

  it('keeps a publish within a file of the log, where that is smaller than the largest batch', () => {
    const of = (changes: Record<string, string>) => traits({ replicas: 1, config: config(changes) }).publishBytesMax
    const small = of({ 'max.message.bytes': '1048588' })
    expect(of({ 'max.message.bytes': '4194304', 'segment.bytes': '1048588' })).toBe(small)
    expect(of({ 'max.message.bytes': '1048588', 'segment.bytes': '1073741824' })).toBe(small)
  })

  it.each(['redis://h:1', 'kafka://', 'kafka://h', 'kafka://user@h:1', 'kafka://h:1/a/b', 'h:1'])(
    'refuses %s as an address',
    (url) => {
      expect(() => layoutOf({ url, namespace: 'n' })).toThrow(expect.objectContaining({ code: 'misuse' }))
    },
  )

  it('names topic and group by the namespace, unless somebody named the topic', () => {
    const named = (url: string) => layoutOf({ url, namespace: 'shop' })
    expect(named('kafka://h:1')).toMatchObject({ topic: 'floodmark-shop', group: 'floodmark-shop', isOurs: true })
    expect(named('kafka://h:1/a')).toMatchObject({ topic: 'a', group: 'floodmark-shop', isOurs: false })
    expect(named('kafka://h:1/a?group=g')).toMatchObject({ topic: 'a', group: 'g' })
  })

  it('takes several brokers', () => {
    const url = 'kafka://a.b:9092,10.0.0.1:9093,[::1]:9094'
    expect(layoutOf({ url, namespace: 'n' }).address.brokers).toEqual(['a.b:9092', '10.0.0.1:9093', '[::1]:9094'])
  })
})
