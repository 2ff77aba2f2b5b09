import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import memory from '../../../queues/memory.ts'
import { kafkaAddress } from '../../../src/clients/kafka/address.ts'
import type { QueueDriver } from '../../../src/core/contracts/queue.ts'
import { loadConfig } from '../../../src/product/config/load.ts'
import { readSecrets } from '../../../src/product/config/secrets.ts'
import { urlOf } from '../../../src/product/config/stores.ts'
import { shop } from '../shop.ts'

const route = "'/in': { provider: 'generic', secrets: { env: 'SECRET' } }"
const whole = (more = '', routes = route) =>
  `export default { routes: { ${routes} }, handlers: './handlers.ts', ${more} }\n`
const load = (text: string) => loadConfig(`${shop('', { 'floodmark.config.ts': text }).folder}/floodmark.config.ts`)

describe('floodmark.config.ts of a service', () => {
  it('has defaults for all but routes and handlers, and takes settings of runs beside them', async () => {
    const { config, routes } = await load(whole("rate: '3k', inFlightMax: '1k'"))
    expect(config).toMatchObject({
      receiver: 'raw-http',
      queue: { use: 'embedded' },
      ledger: { use: 'lmdb' },
      namespace: 'floodmark',
      listen: { host: '127.0.0.1', port: 8_080 },
      inFlightMax: 1_000,
    })
    expect(routes).toMatchObject([{ path: '/in', source: 'generic' }])
  })

  it.each([
    ['export const config = {}', 'has no default export'],
    ['export default {}', 'routes: is missing: it must be an object'],
    [whole('', ''), 'routes is empty'],
    [whole('', "'in': { provider: 'generic', secrets: { env: 'S' } }"), "route 'in': give a path of its own"],
    ...['/in/:tenant', '/in/*', '/in/{id}', '/in/[id]', '/in/<id>'].map((path) => [
      whole('', `'${path}': { provider: 'generic', secrets: { env: 'S' } }`),
      `route '${path}': a pattern is not read`,
    ]),
    [whole('', "'/m\u00fcnchen': { provider: 'generic', secrets: { env: 'S' } }"), 'senders call it /m%C3%BCnchen'],
    [whole('', "'/in/../b': { provider: 'generic', secrets: { env: 'S' } }"), 'senders call it /b: write that'],
    [whole('', "'/in': { provider: 'strope', secrets: { env: 'S' } }"), "did you mean 'stripe'?"],
    [
      whole('', "'/in': { provider: 'generic', secrets: 'whsec_in_the_file' }"),
      "give a secret by its place, { env: 'NAME' }",
    ],
    [whole('', "'/in': { provider: 'generic', secrets: [] }"), 'routes./in.secrets: must not be empty'],
    [
      whole('', "'/in': { provider: 'generic', secrets: { env: 'S', until: 'soon' } }"),
      "until must be an ISO time, not 'soon'",
    ],
    [
      whole('', "'/in': { provider: 'generic', secret: { env: 'S' } }"),
      "there is no field 'secret': did you mean 'secrets'?",
    ],
    [whole('', "'/in': { provider: 'adyen', secrets: { env: 'S' }, orderBy: 'a' }"), 'several events in one body'],
    [
      whole('', `${route}, '/b': { provider: 'generic', secrets: { env: 'T' } }`),
      'give one of them a source of its own',
    ],
    [whole("trustedProxy: ['10.0.0.1']"), "has no setting 'trustedProxy': did you mean 'trustedProxies'?"],
    [whole('limits: { leaseMs: 5 }'), 'limits: effectMs is 10000, leaseMs is 5'],
    [whole('limits: { bodyByteMax: 5 }'), "limits: there is no limit 'bodyByteMax': did you mean 'bodyBytesMax'?"],
    [whole("limits: { bodyBytesMax: '1mb' }"), "limits: bodyBytesMax must be a number, not '1mb'"],
    [whole('limits: { port: 80 }'), 'limits: port is no limit: write listen: { port }'],
    [whole('limits: { circuit: { openMs: 50 } }'), 'limits: circuit must have share, outcomesMin'],
    [whole('limits: { backoff: null }'), 'limits: backoff must have baseMs, capMs'],
    [whole('limits: { backoff: { baseMs: null, capMs: 1 } }'), 'limits: backoff must have baseMs, capMs'],
    [whole("namespace: 'My Shop'"), 'namespace: must be 1-64 of a-z, 0-9 and -'],
    [whole("queue: { name: 'kafka' }"), 'queue.use: is missing'],
    [whole("queue: { use: 'kafka', kafka: { tpoic: 'a' } }"), "did you mean 'topic'?"],
    [whole("queue: { use: 'kafka', kafka: { partitions: '3' } }"), 'queue.kafka.partitions'],
    [whole("ledger: { use: 'redis', kafka: { topic: 'a' } }"), "no field 'kafka'"],
  ])('says in one line what is wrong: %s', async (text, what) => {
    const error = await load(text).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'misuse', message: expect.stringContaining(what) })
    expect(error.message).not.toMatch(/\n|whsec_in_the_file/)
  })

  it.each(['/', '/in/', '//in', '/m%C3%BCnchen', "/o'brien/a:b@c;d=1,2+3(4)!$&~|"])(
    'takes the path %s',
    async (path) => {
      const { routes } = await load(
        whole('', `${JSON.stringify(path)}: { provider: 'generic', secrets: { env: 'S' } }`),
      )
      expect(routes[0]!.path).toBe(path)
    },
  )

  it('takes the ordering key from a field of the body, and the one of the provider where it is missing', async () => {
    const orders = "'/in': { provider: 'generic', secrets: { env: 'S' }, orderBy: 'order.id' }"
    const { routes } = await load(whole('', orders))
    const keyOf = (body: object) => {
      const raw = Buffer.from(JSON.stringify(body))
      return routes[0]!.provider.identify({ url: '/in', header: () => 'an-id', raw, receivedAtMs: 0 }).key
    }
    expect([keyOf({ key: 'k', order: { id: 7 } }), keyOf({ key: 'k' })]).toEqual(['7', 'k'])
  })
})

describe('the settings of a Kafka beside its address', () => {
  const url = async (queue: string, server = 'kafka') =>
    urlOf('queue', await load(whole(`queue: ${queue}`)), { ...memory, server } as QueueDriver)

  it('come into the address, with a file from the folder of the config', async () => {
    const settings = "topic: 'orders.v1', group: 'shop', partitions: 6, acks: '1', lingerMs: 5, compression: 'lz4'"
    const found = await url(
      `{ use: 'kafka', url: 'kafka+ssl://a:1?mechanism=plain', kafka: { ${settings}, ca: 'ca.pem' } }`,
    )
    expect(found).toMatch(/^kafka\+ssl:.*&ca=%2F.*%2Fca\.pem$/)
    const [address] = found.split('&ca=')
    expect(kafkaAddress(address!, { FLOODMARK_KAFKA_USER: 'u', FLOODMARK_KAFKA_PASSWORD: 'p' })).toMatchObject({
      ...{ topic: 'orders.v1', group: 'shop', partitions: 6, acks: '1', lingerMs: 5, compression: 'lz4' },
    })
  })

  it('must not say otherwise than the address', async () => {
    const found = await url("{ use: 'kafka', url: 'kafka://a:1/orders', kafka: { topic: 'refunds' } }")
    expect(() => kafkaAddress(found)).toThrow('topic of Kafka is said to be refunds and orders: say it once')
  })

  it('are refused where their variable of the environment is not set', async () => {
    const found = url("{ use: 'kafka', url: 'kafka://a:1', kafka: { topic: process.env.NO_SUCH_TOPIC } }")
    await expect(found).rejects.toThrow('queue.kafka.topic has no value')
  })

  it('are refused for another queue', async () => {
    const other = url("{ use: 'bullmq', url: 'redis://a', kafka: { topic: 'refunds' } }", 'redis')
    await expect(other).rejects.toThrow("for the queues kafka and kafkajs: leave it out for 'bullmq'")
  })
})

describe('secrets', () => {
  const places = async (sources: string) =>
    (await load(whole('', `'/in': { provider: 'generic', secrets: ${sources} }`))).routes[0]!.places
  const old = "{ env: 'OLD', until: '2026-01-01T00:00Z' }"
  const beforeMs = Date.parse('2025-12-31T00:00Z')
  const afterMs = Date.parse('2026-01-02T00:00Z')
  const env = { NEW: 'the new secret of the route', OLD: 'the old secret of the route' }

  it('may end, and one that has ended is not looked for', async () => {
    const both = await places(`[{ env: 'NEW' }, ${old}]`)
    expect(readSecrets(both, beforeMs, env).secrets).toMatchObject([{}, { untilMs: Date.parse('2026-01-01T00:00Z') }])
    expect(readSecrets(both, afterMs, { NEW: env.NEW }).secrets).toHaveLength(1)
  })

  it('in a file are what editors and shells mean, and one to a file', async () => {
    const at = await places("{ file: 'secret.txt' }")
    const put = (bytes: string | Buffer) => writeFileSync(join(at.folder, 'secret.txt'), bytes)
    // stablyai/orca#21437: a shell of Windows writes a mark, or UTF-16.
    const marked = `\ufeff${env.NEW}\r\n`
    for (const bytes of [`${env.NEW}\r\n`, marked, Buffer.from(marked, 'utf16le')]) {
      put(bytes)
      expect(readSecrets(at, afterMs, {}).texts).toEqual([env.NEW])
    }
    put(`${env.NEW}\n${env.OLD}\n`)
    expect(() => readSecrets(at, afterMs, {})).toThrow('has more than one line')
  })

  it.each([
    ["{ env: 'GONE' }", 'the environment variable GONE is not set'],
    ["{ env: 'EMPTY' }", 'the environment variable EMPTY is empty'],
    ["{ env: 'SHORT' }", 'the environment variable SHORT: '],
    ["{ file: 'gone.txt' }", 'the file gone.txt cannot be read (ENOENT)'],
    [old, 'the time of every secret is over'],
  ])('are named by their place, and never shown: %s', async (sources, what) => {
    const read = places(sources).then((at) => readSecrets(at, afterMs, { ...env, EMPTY: '', SHORT: 'short7' }))
    const error = await read.catch((thrown) => thrown)
    expect(error.message).toContain(`route /in: ${what}`)
    expect(`${error.stack}${error.cause}`).not.toContain('short7')
  })
})
