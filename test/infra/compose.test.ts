import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { serverKinds } from '../../src/runner/servers/kinds/index.ts'
import { KAFKA_FLUSH_MESSAGES, KAFKA_HEAP, KAFKA_SETTINGS } from '../../src/runner/servers/kinds/kafka.ts'
import { KAFKA_VERSION } from '../../src/runner/servers/kinds/kafka-jars.ts'
import { POSTGRES_SETTINGS } from '../../src/runner/servers/kinds/postgres.ts'
import { REDIS_SETTINGS } from '../../src/runner/servers/kinds/redis.ts'

interface Service {
  profiles: string[]
  image: string
  command?: string[]
  environment?: Record<string, string>
  ports: string[]
  volumes: string[]
  healthcheck: { test: string[]; interval: string; timeout: string; retries: number }
}
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const { services, volumes }: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(
  read('infra/docker-compose.yml'),
)

describe('infra/docker-compose.yml', () => {
  it('has a server of each kind that says so', () => {
    const kinds = Object.values(serverKinds).filter(({ compose }) => compose !== undefined)
    expect(Object.keys(services)).toEqual(kinds.map(({ name }) => name))
  })

  it.for(Object.entries(services))(
    '%s has a pinned image, a profile, a health check, a volume, a local port',
    ([name, it]) => {
      expect(it.image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?[a-z0-9.-]*$/)
      expect(it.profiles).toEqual([name])
      expect(it.healthcheck).toEqual({
        test: expect.arrayContaining(['CMD']),
        interval: expect.stringMatching(/^\d+s$/),
        timeout: expect.stringMatching(/^\d+s$/),
        retries: expect.any(Number),
      })
      expect(it.volumes).toEqual([expect.stringMatching(`^${name}:/`)])
      expect(volumes).toHaveProperty(name)
      expect(it.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\$\{FLOODMARK_PORT:-\d+\}:/)])
    },
  )

  it('sets Redis as the native one is set', () => {
    const [program, ...args] = services.redis!.command!
    const settings = Object.fromEntries(
      args.flatMap((arg, at) => (at % 2 ? [] : [[arg.replace('--', ''), args[at + 1]]])),
    )
    expect(program).toBe('redis-server')
    expect(settings).toEqual({ ...REDIS_SETTINGS, appendfsync: `\${FLOODMARK_REDIS_APPENDFSYNC:-always}` })
  })

  it('sets PostgreSQL as the native one is set', () => {
    const [program, ...args] = services.postgres!.command!
    const settings = Object.fromEntries(args.flatMap((arg) => (arg === '-c' ? [] : [arg.split('=')])))
    expect(program).toBe('postgres')
    expect(settings).toEqual({ ...POSTGRES_SETTINGS, synchronous_commit: `\${FLOODMARK_POSTGRES_COMMIT:-on}` })
  })

  it('sets Kafka as the native one is set, in the same version', () => {
    const { image, environment } = services.kafka!
    expect(image).toBe(`apache/kafka:${KAFKA_VERSION}`)
    expect(read('infra/kafka/pom.xml')).toContain(
      `<artifactId>kafka_2.13</artifactId>\n      <version>${KAFKA_VERSION}<`,
    )
    const ours = Object.fromEntries(
      Object.entries(KAFKA_SETTINGS).map(([name, value]) => [
        `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
        value,
      ]),
    )
    expect(environment).toMatchObject(ours)
    const flush = `\${FLOODMARK_KAFKA_FLUSH_MESSAGES:-${KAFKA_FLUSH_MESSAGES.always}}`
    expect(environment!.KAFKA_LOG_FLUSH_INTERVAL_MESSAGES).toBe(flush)
    expect(environment!.KAFKA_HEAP_OPTS).toBe(KAFKA_HEAP.join(' '))
    const own = ['LISTENERS', 'ADVERTISED_LISTENERS', 'CONTROLLER_QUORUM_VOTERS', 'LOG_DIRS']
    const rest = Object.keys(environment!).filter((name) => !(name in ours))
    expect(rest.toSorted()).toEqual(
      [...own, 'LOG_FLUSH_INTERVAL_MESSAGES', 'HEAP_OPTS'].map((name) => `KAFKA_${name}`).toSorted(),
    )
  })

  it('runs the emulator of SQS in the version that is installed', () => {
    const { version } = JSON.parse(read('node_modules/fauxqs/package.json'))
    expect(services.sqs!.command).toEqual(['npx', '--yes', `fauxqs@${version}`])
  })
})
