// @module-tag full: a broker with TLS and SASL starts from the jars.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import kafkaQueue from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import kafkajsQueue from '../../queues/kafkajs.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import kafka from '../../src/runner/servers/kinds/kafka.ts'
import { kafkaJars } from '../../src/runner/servers/kinds/kafka-jars.ts'
import { startNative } from '../../src/runner/servers/native.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { LIMIT, numbered, numbersOf } from '../contract/queue/kit.ts'
import { EVERYTHING_REQUIRED } from '../needs.ts'
import { consumerOf } from './kafka-consumer.ts'

const DRIVERS = { kafka: kafkaQueue, kafkajs: kafkajsQueue }
const PASSWORD = 'p@ss-of-app'
/** A login lasts for so many ms. kafkajs logs in again when less than 10 s are left of one. */
const LOGIN_MS = 11_000
const folder = mkdtempSync(join(tmpdir(), 'floodmark-kafka-secure-'))
const options = { folder: join(folder, 'server'), cacheFolder: resolve('.cache'), onProgress: () => {} }
const ca = join(folder, 'ca.pem')
let started: { readonly server: Server; readonly brokers: string; readonly lost: string } | undefined
let why = ''

/** A private authority, and a certificate of it for 127.0.0.1, with its key. */
function makeCertificates(): string {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'rsa:2048', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=a private authority',
  )
  openssl('req', ...key, '-keyout', 'broker.key', '-out', 'broker.csr', '-subj', '/CN=broker')
  writeFileSync(join(folder, 'san'), 'subjectAltName=IP:127.0.0.1')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san', '-days', '2']
  openssl('x509', '-req', '-in', 'broker.csr', ...signed, '-out', 'broker.pem')
  openssl('pkcs8', '-topk8', '-nocrypt', '-in', 'broker.key', '-out', 'broker.pk8')
  const store = join(folder, 'broker-store.pem')
  writeFileSync(
    store,
    readFileSync(join(folder, 'broker.pk8'), 'utf8') + readFileSync(join(folder, 'broker.pem'), 'utf8'),
  )
  return store
}

const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
/** What a broker says of itself to who asks at `lost`. There is no such host. */
const NOWHERE = 'broker.invalid:9092'
const settingsOf = (store: string, plain: number, secure: number) => ({
  listeners: `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure}`,
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,LOST:PLAINTEXT',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'allow.everyone.if.no.acl.found': 'true',
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': store,
  'connections.max.reauth.ms': String(LOGIN_MS),
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  'listener.name.secure.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_app="${PASSWORD}";`,
  'listener.name.secure.scram-sha-256.sasl.jaas.config': SCRAM,
  'listener.name.secure.scram-sha-512.sasl.jaas.config': SCRAM,
  'listener.name.secure.oauthbearer.sasl.jaas.config':
    'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
})

async function start() {
  const store = makeCertificates()
  const recipe = await kafka.recipe({ ...options, fsync: 'always' })
  let brokers = ''
  let lost = ''
  const prepare: typeof recipe.prepare = async (data, ports, node) => {
    const command = await recipe.prepare(data, ports, node)
    const [plain, controller, secure, other] = ports as [number, number, number, number]
    brokers = `127.0.0.1:${secure}`
    lost = `127.0.0.1:${other}`
    const path = join(data, 'server.properties')
    const { listeners, ...more } = settingsOf(store, plain, secure)
    const changed: Record<string, string> = {
      ...more,
      listeners: `${listeners},LOST://${lost},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `${listeners},LOST://${NOWHERE}`,
    }
    const kept = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !(line.split('=')[0]! in changed))
    writeFileSync(path, [...kept, ...Object.entries(changed).map(([name, value]) => `${name}=${value}`)].join('\n'))
    return command
  }
  const server = await startNative(kafka, { ...recipe, ports: 4, prepare }, options)
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    const user = [
      '--entity-type',
      'users',
      '--entity-name',
      'app',
      '--alter',
      '--add-config',
      `${mechanism}=[password=${PASSWORD}]`,
    ]
    const at = ['--bootstrap-server', server.url.replace('kafka://', '')]
    const jars = join(await kafkaJars(options), '*')
    execFileSync('java', ['-Xmx128m', '-cp', jars, 'kafka.admin.ConfigCommand', ...at, ...user], {
      stdio: 'pipe',
    })
  }
  return { server, brokers, lost }
}

/** Allows it to the user of these tests, and so nothing else about that resource. */
const acl = (resourceType: AclResourceTypes, resourceName: string, operation: AclOperationTypes) => ({
  ...{ resourceType, resourceName, operation, resourcePatternType: ResourcePatternTypes.LITERAL },
  ...{ principal: 'User:app', host: '*', permissionType: AclPermissionTypes.ALLOW },
})

/** Unsigned, as the broker's own validator for tests takes it. */
function token(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const nowS = Math.floor(Date.now() / 1_000)
  return `${part({ alg: 'none' })}.${part({ sub: 'app', iat: nowS, exp: nowS + 3_600 })}.`
}

beforeAll(async () => {
  mkdirSync(options.folder)
  try {
    started = await start()
  } catch (error) {
    if (EVERYTHING_REQUIRED) throw error
    why = (error as Error).message
  }
}, 300_000)
afterAll(async () => {
  await started?.server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(Object.entries(DRIVERS))('%s on a broker with TLS, a private authority and SASL', (name, driver) => {
  it.each(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])(
    'publishes and consumes with %s',
    async (mechanism) => {
      if (!started) throw new Error(`no kafka server: ${why}`)
      const login = mechanism === 'oauthbearer' ? '' : `app:${encodeURIComponent(PASSWORD)}@`
      process.env.FLOODMARK_KAFKA_TOKEN = token()
      const query = `mechanism=${mechanism}&ca=${ca}&partitions=3&replication=1`
      const at = { url: `kafka+ssl://${login}${started.brokers}?${query}`, namespace: `${name}-${mechanism}` }
      const queue = await driver.open(at)
      expect(queue.traits.server).toContain('replication 1')
      await queue.publish(numbered(0, 30), LIMIT)
      const seen: number[] = []
      const stop = new AbortController()
      const limits = { batchEventsMax: 8, handlersMax: 2, leaseMs: 30_000, signal: stop.signal }
      const done = queue.consume(async (batch) => {
        seen.push(...numbersOf(batch))
        return batch.map(() => 'ack')
      }, limits)
      await expect.poll(() => seen.length).toBe(30)
      stop.abort()
      await done
      await queue.close()
      await driver.drop(at)
    },
  )

  it('goes on when logins end: each connection logs in again', async () => {
    if (!started) throw new Error(`no kafka server: ${why}`)
    const url = `kafka+ssl://app:${encodeURIComponent(PASSWORD)}@${started.brokers}?mechanism=plain&ca=${ca}&partitions=2`
    const queue = await driver.open({ url, namespace: `${name}-again` })
    const consumer = consumerOf(queue)
    const untilMs = performance.now() + 1.2 * LOGIN_MS
    let count = 0
    while (performance.now() < untilMs) {
      await queue.publish(numbered(count, 1), LIMIT)
      count++
      await sleep(systemClock, 100)
    }
    await expect.poll(() => new Set(consumer.seen).size).toBe(count)
    expect(consumer.told).toEqual([])
    await consumer.stop()
    await queue.close()
  })

  it('needs no more rights than the README has it', async () => {
    if (!started) throw new Error(`no kafka server: ${why}`)
    const url = `kafka+ssl://app:${encodeURIComponent(PASSWORD)}@${started.brokers}?mechanism=plain&ca=${ca}&partitions=2`
    const at = { url, namespace: `${name}-narrow` }
    const admin = new Kafka({
      brokers: [started.server.url.replace('kafka://', '')],
      logLevel: logLevel.NOTHING,
    }).admin()
    await admin.connect()
    const { TOPIC, GROUP, CLUSTER } = AclResourceTypes
    const { ALL, CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE, DELETE } = AclOperationTypes
    const ours = (type: AclResourceTypes) => (operation: AclOperationTypes) => {
      return { ...acl(type, 'floodmark-', operation), resourcePatternType: ResourcePatternTypes.PREFIXED }
    }
    // What somebody may do with all, others may do with none unless they are allowed to.
    const others = [acl(TOPIC, '*', ALL), acl(GROUP, '*', ALL), acl(CLUSTER, 'kafka-cluster', ALL)]
    const all = [
      ...others.map((one) => ({ ...one, principal: 'User:nobody' })),
      ...[CREATE, DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE, DELETE].map(ours(TOPIC)),
      ...[READ, DELETE].map(ours(GROUP)),
    ]
    await admin.createAcls({ acl: all })
    const queue = await driver.open(at)
    expect(queue.traits.server).toContain('settled records are deleted')
    await queue.publish(numbered(0, 30), LIMIT)
    const consumer = consumerOf(queue)
    await expect.poll(() => consumer.seen.length).toBe(30)
    await consumer.stop()
    expect(consumer.told).toEqual([])
    expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
    await queue.close()
    await driver.drop(at)
    expect(await admin.listTopics()).not.toContain(layoutOf(at).topic)
    await admin.deleteAcls({ filters: all.map((one) => ({ ...one })) })
    await admin.disconnect()
  })

  it('says once what it may not do, does not insist, and goes on when it may', async () => {
    if (!started) throw new Error(`no kafka server: ${why}`)
    const url = `kafka+ssl://app:${encodeURIComponent(PASSWORD)}@${started.brokers}?mechanism=plain&ca=${ca}&partitions=2`
    const at = { url, namespace: `${name}-refused` }
    const { topic } = layoutOf(at)
    const free = new Kafka({ brokers: [started.server.url.replace('kafka://', '')], logLevel: logLevel.NOTHING })
    const admin = free.admin()
    await admin.connect()
    const first = await driver.open(at)
    expect(first.traits.server).toContain('settled records are deleted')
    await first.close()
    // Whatever is not allowed by then is refused, as nobody said that all may be done.
    const { READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperationTypes
    await admin.createAcls({
      acl: [READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS].map((operation) => acl(AclResourceTypes.TOPIC, topic, operation)),
    })
    const queue = await driver.open(at)
    expect(queue.traits.server).toContain('settled records are kept: we may not delete them')
    await queue.publish(numbered(0, 30), LIMIT)
    const consumer = consumerOf(queue)
    await expect.poll(() => consumer.seen.length).toBe(30)
    await consumer.stop()
    expect(consumer.told).toEqual([expect.stringMatching(/^settled records of .* cannot be deleted: .*Allow Delete/)])
    await admin.createAcls({ acl: [acl(AclResourceTypes.GROUP, topic, AclOperationTypes.DELETE)] })
    const refused = consumerOf(queue)
    await expect(refused.done).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Kafka: .*auth/i),
    })
    expect(refused.seen).toEqual([])
    for (const resourceType of [AclResourceTypes.GROUP, AclResourceTypes.TOPIC]) {
      await admin.deleteAcls({
        filters: [{ ...acl(resourceType, topic, AclOperationTypes.ANY), permissionType: AclPermissionTypes.ANY }],
      })
    }
    await queue.publish(numbered(30, 30), LIMIT)
    const again = consumerOf(queue)
    await expect.poll(() => again.seen.length).toBe(30)
    await again.stop()
    await admin.disconnect()
    await queue.close()
    await driver.drop(at)
  })

  it('says where a cluster says that its brokers are, when nobody is there', async () => {
    if (!started) throw new Error(`no kafka server: ${why}`)
    await expect(driver.open({ url: `kafka://${started.lost}`, namespace: 'lost' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /broker\.invalid.*\. The cluster names broker\.invalid:9092: set its advertised\.listeners/,
      ),
    })
  })

  it('is refused with a wrong password, an unknown authority, and without TLS, and tells no password', async () => {
    if (!started) throw new Error(`no kafka server: ${why}`)
    const urls = [
      `kafka+ssl://app:wrong-hunter2@${started.brokers}?mechanism=scram-sha-512&ca=${ca}`,
      `kafka+ssl://app:wrong-hunter2@${started.brokers}?mechanism=plain`,
      `kafka://app:wrong-hunter2@${started.brokers}`,
    ]
    for (const url of urls) {
      const error = await driver.open({ url, namespace: 'refused' }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'unavailable' })
      if (url.includes('scram')) expect(String(error)).toMatch(/authentication/i)
      expect(String(error)).not.toContain('hunter2')
    }
  })
})
