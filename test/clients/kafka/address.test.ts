import { describe, expect, it } from 'vitest'
import { kafkaAddress } from '../../../src/clients/kafka/address.ts'

describe('the address of a Kafka', () => {
  it('may name a user, a mechanism, and what a new topic gets', () => {
    const url =
      'kafka+ssl://app:p%40ss@a:9093,b:9093?mechanism=SCRAM-SHA-512&replication=3&partitions=6&compression=zstd&acks=1&lingerMs=5'
    expect(kafkaAddress(url, {})).toEqual({
      brokers: ['a:9093', 'b:9093'],
      tls: {},
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password: 'p@ss' },
      replication: 3,
      partitions: 6,
      compression: 'zstd',
      acks: '1',
      lingerMs: 5,
    })
  })

  it('leaves user, password and token to the environment', () => {
    const env = { FLOODMARK_KAFKA_USER: 'app', FLOODMARK_KAFKA_PASSWORD: 'secret', FLOODMARK_KAFKA_TOKEN: 'token' }
    expect(kafkaAddress('kafka+ssl://a:1?mechanism=plain', env).sasl).toEqual({
      mechanism: 'PLAIN',
      username: 'app',
      password: 'secret',
    })
    expect(kafkaAddress('kafka://a:1?mechanism=oauthbearer', env).sasl).toEqual({
      mechanism: 'OAUTHBEARER',
      token: 'token',
    })
    expect(kafkaAddress('kafka://a:1', env)).toMatchObject({ sasl: undefined, tls: undefined })
  })

  it.each([
    ['kafka+ssl://app:hunter2@a:1?mechanism=gssapi', 'mechanism is one of plain, scram-sha-256'],
    ['kafka+ssl://app:hunter2@a:1?linger=5', "has no 'linger': it may have mechanism, ca"],
    ['kafka+ssl://app:hunter2@a:1?acks=0', 'nobody would know'],
    ['kafka+ssl://app:hunter2@a:1?acks=2', 'it may be all, or 1'],
    ['kafka+ssl://app:hunter2@a:1?lingerMs=5s', 'give whole ms'],
    ['kafka+ssl://app:hunter2@a:1?lingerMs=10001', 'give whole ms'],
    ['kafka+ssl://app:hunter2@a', 'is kafka://host:port or'],
    ['kafka+ssl://app:hunter2%@a:1', 'write it as %25'],
    ['kafka://app:hunter2@a:1?ca=/none', 'ca is for TLS'],
    ['kafka+ssl://app:hunter2@a:1?ca=/none', 'cannot be read'],
    ['kafka+ssl://app:hunter2@a:1?replication=0', 'give a whole number above 0'],
    ['kafka+ssl://app:hunter2@a:1?compression=lz4', 'it may be gzip or zstd'],
    ['kafka+ssl://a:1?mechanism=plain', 'FLOODMARK_KAFKA_PASSWORD'],
    ['kafka+ssl://a:1?mechanism=oauthbearer', 'FLOODMARK_KAFKA_TOKEN'],
  ])('is refused in one line that holds no password: %s', (url, what) => {
    expect(() => kafkaAddress(url, {})).toThrow(
      expect.objectContaining({ code: 'misuse', message: expect.stringContaining(what) }),
    )
    expect(() => kafkaAddress(url, {})).not.toThrow('hunter2')
  })
})
