import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kafkaAddress } from '../../../src/clients/kafka/address.ts'

/** What a login by token would say now. */
function tokenBy(env: NodeJS.ProcessEnv): () => string {
  const { sasl } = kafkaAddress('kafka://a:1?mechanism=oauthbearer', env)
  if (sasl?.mechanism !== 'OAUTHBEARER') throw new Error('another login')
  return sasl.token
}

describe('the address of a Kafka', () => {
  it('may name a user, a mechanism, and what a new topic gets', () => {
    const url =
      'kafka+ssl://app:p%40ss@a:9093,b:9093?mechanism=SCRAM-SHA-512&replication=3&partitions=6&compression=zstd&acks=1&lingerMs=5'
    expect(kafkaAddress(url, {})).toEqual({
      brokers: ['a:9093', 'b:9093'],
      tls: {},
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password: 'p@ss' },
      topic: undefined,
      group: undefined,
      replication: 3,
      partitions: 6,
      compression: 'zstd',
      acks: '1',
      lingerMs: 5,
    })
  })

  it.each([
    ['kafka://a:1/Orders.v1_x', { topic: 'Orders.v1_x', group: undefined }],
    ['kafka://a:1,b:2/orders?group=shop&topic=orders', { topic: 'orders', group: 'shop' }],
    ['kafka+ssl://u:p@a:1/?topic=orders', { topic: 'orders' }],
    ['kafka://a:1/', { topic: undefined }],
  ])('may name a topic: %s', (url, named) => {
    expect(kafkaAddress(url, {})).toMatchObject(named)
  })

  it('leaves user, password and token to the environment', () => {
    const env = { FLOODMARK_KAFKA_USER: 'app', FLOODMARK_KAFKA_PASSWORD: 'secret', FLOODMARK_KAFKA_TOKEN: 'token' }
    expect(kafkaAddress('kafka+ssl://a:1?mechanism=plain', env).sasl).toEqual({
      mechanism: 'PLAIN',
      username: 'app',
      password: 'secret',
    })
    expect(tokenBy(env)()).toBe('token')
    expect(kafkaAddress('kafka://a:1', env)).toMatchObject({ sasl: undefined, tls: undefined })
  })

  it('reads a token from its file at each login: whoever makes tokens writes a new one there before the old one ends', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-token-'))
    const file = join(folder, 'token')
    const env = { FLOODMARK_KAFKA_TOKEN_FILE: file }
    expect(() => tokenBy(env)).toThrow(`the token ${file} cannot be read`)
    writeFileSync(file, 'first\n')
    const token = tokenBy(env)
    expect(token()).toBe('first')
    writeFileSync(file, 'second')
    expect(token()).toBe('second')
    writeFileSync(file, '\n')
    expect(token).toThrow(`the token ${file} is empty`)
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['kafka+ssl://app:hunter2@a:1?mechanism=gssapi', 'mechanism is one of plain, scram-sha-256'],
    ['kafka+ssl://app:hunter2@a:1?linger=5', "has no 'linger': it may have mechanism, ca"],
    ['kafka+ssl://app:hunter2@a:1?acks=0', 'nobody would know'],
    ['kafka+ssl://app:hunter2@a:1?acks=2', 'it may be all, or 1'],
    ['kafka+ssl://app:hunter2@a:1?lingerMs=5s', 'give whole ms'],
    ['kafka+ssl://app:hunter2@a:1?lingerMs=10001', 'give whole ms'],
    ['kafka+ssl://app:hunter2@a', 'is kafka://host:port, kafka'],
    ['kafka+ssl://app:hunter2%@a:1', 'write it as %25'],
    ['kafka://app:hunter2@a:1?ca=/none', 'ca is for TLS'],
    ['kafka+ssl://app:hunter2@a:1?ca=/none', 'cannot be read'],
    ['kafka+ssl://app:hunter2@a:1?replication=0', 'give a whole number above 0'],
    ['kafka+ssl://app:hunter2@a:1?compression=brotli', 'it may be gzip, zstd, lz4, snappy'],
    [
      'kafka+ssl://app:hunter2@a:1/orders?topic=refunds',
      'topic of Kafka is said to be refunds and orders: say it once',
    ],
    ['kafka+ssl://app:hunter2@a:1?partitions=3&partitions=6', 'is said to be 3 and 6'],
    ['kafka+ssl://app:hunter2@a:1?group=shop', 'is for a topic that you name'],
    ['kafka+ssl://app:hunter2@a:1/orders?group=', 'group of Kafka is empty'],
    ['kafka+ssl://app:hunter2@a:1/or%20ders', 'it may have 1-249 of letters'],
    ['kafka+ssl://app:hunter2@a:1/..', 'it may have 1-249 of letters'],
    ['kafka+ssl://app:hunter2@a:1/or%', 'the topic in the address'],
    ['kafka+ssl://app:hunter2@a:1/orders/eu', 'is kafka://host:port,'],
    ['kafka+ssl://app:hunter2@a:1/__consumer_offsets', 'are taken, name another'],
    ['kafka+ssl://app:hunter2@a:1/floodmark-shop', 'are taken, name another'],
    ['kafka+ssl://app:hunter2@a:1?mechanism=oauthbearer', 'leave user and password out'],
    ['kafka+ssl://a:1?mechanism=plain', 'FLOODMARK_KAFKA_PASSWORD'],
    ['kafka+ssl://a:1?mechanism=oauthbearer', 'FLOODMARK_KAFKA_TOKEN'],
  ])('is refused in one line that holds no password: %s', (url, what) => {
    expect(() => kafkaAddress(url, {})).toThrow(
      expect.objectContaining({ code: 'misuse', message: expect.stringContaining(what) }),
    )
    expect(() => kafkaAddress(url, {})).not.toThrow('hunter2')
  })
})
