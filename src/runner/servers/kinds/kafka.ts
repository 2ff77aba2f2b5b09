import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writePrivate } from '../../../core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'
import type { Fsync } from '../server.ts'
import type { Command, Recipe, RecipeOptions, ServerKindDefinition } from './definition.ts'
import { KAFKA_INSTALL, KAFKA_VERSION, kafkaJars } from './kafka-jars.ts'

/** A single node that is broker and controller, so every topic has one replica. */
export const KAFKA_SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '8',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // A consumer that comes back after a crash need not wait for others.
  'group.initial.rebalance.delay.ms': '0',
  // A broker that comes back is taken in again only when its former session has run out; by default after 9 s.
  'broker.session.timeout.ms': '4000',
  'broker.heartbeat.interval.ms': '500',
  'log.flush.interval.ms': '1000',
  'log.flush.scheduler.interval.ms': '1000',
  // By default its cleaner alone takes 128 MB of the heap.
  'log.cleaner.dedupe.buffer.size': '16777216',
  // A topic made by chance would have one partition.
  'auto.create.topics.enable': 'false',
} as const

/** A log is synced after so many records. By default Kafka leaves that to the system, and a power loss takes records that no replica has. */
export const KAFKA_FLUSH_MESSAGES: Record<Fsync, string> = { always: '1', everysec: '9223372036854775807' }

const run = promisify(execFile)

const JAVA_MIN = 17
export const KAFKA_HEAP = ['-Xms256m', '-Xmx512m']
const FORMAT_MAX_MS = 60_000

/** @throws FloodmarkError 'unavailable' without Java 17, or when Kafka can be neither found nor fetched. */
async function recipe({ fsync, ...options }: RecipeOptions): Promise<Recipe> {
  await needJava()
  const jars = join(await kafkaJars(options), '*')
  return {
    says: `Kafka ${KAFKA_VERSION}, one KRaft node, log flush ${fsync}`,
    ports: 2,
    readyMaxMs: 90_000,
    async prepare(folder, [port, controllerPort]) {
      const path = join(folder, 'server.properties')
      const log = join(folder, 'log')
      const settings = {
        ...KAFKA_SETTINGS,
        'log.flush.interval.messages': KAFKA_FLUSH_MESSAGES[fsync],
        listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
        'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
        'log.dirs': log,
      }
      writeProperties(path, settings)
      if (!existsSync(log)) await formatKafka(jars, path, kafkaClusterId())
      return kafkaCommand(jars, path, KAFKA_HEAP)
    },
  }
}

const LOGGING = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true']

export function writeProperties(path: string, settings: Readonly<Record<string, string>>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  writePrivate(path, `${lines.join('\n')}\n`)
}

export function kafkaCommand(jars: string, path: string, heap: readonly string[]): Command {
  return { file: 'java', args: [...heap, ...LOGGING, '-cp', jars, 'kafka.Kafka', path] }
}

export function kafkaClusterId(): string {
  const id = randomBytes(16)
  // Its first character must not look like a flag's.
  id[0]! &= 0x7f
  return id.toString('base64url')
}

/** A broker starts only on a folder that belongs to a cluster. */
export async function formatKafka(jars: string, path: string, cluster: string): Promise<void> {
  const args = ['-Xmx128m', ...LOGGING, '-cp', jars, 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', path]
  try {
    await run('java', args, { timeout: FORMAT_MAX_MS })
  } catch (cause) {
    const why = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) || messageOf(cause)
    throw new FloodmarkError('unavailable', `Kafka could not format its folder: ${why}`, { cause })
  }
}

export async function needJava(): Promise<void> {
  let version: number
  try {
    const { stderr } = await run('java', ['-version'], { timeout: FORMAT_MAX_MS })
    version = Number(/version "(\d+)/.exec(stderr)?.[1])
  } catch (cause) {
    throw new FloodmarkError('unavailable', `there is no java to run Kafka with: ${KAFKA_INSTALL}`, { cause })
  }
  if (version >= JAVA_MIN) return
  const here = Number.isNaN(version) ? 'an unknown one' : version
  throw new FloodmarkError('unavailable', `Kafka needs Java ${JAVA_MIN}, here is ${here}: ${KAFKA_INSTALL}`)
}

const kafka: ServerKindDefinition = {
  name: 'kafka',
  urlLike: { pattern: /^kafka(\+ssl)?:\/\/\S+$/, example: 'kafka://host:9092' },
  scheme: 'kafka',
  defaultPort: 9092,
  probe: async (url, ms) => (await import('../../../clients/kafka/broker-version.ts')).probeKafka(url, ms),
  namespaces: async (url) => (await import('../../../clients/kafka/namespaces.ts')).kafkaNamespaces(url),
  counts: async (url, namespace) => (await import('../../../clients/kafka/counts.ts')).kafkaCounts(url, namespace),
  recipe,
  compose: { env: (fsync) => ({ FLOODMARK_KAFKA_FLUSH_MESSAGES: KAFKA_FLUSH_MESSAGES[fsync] }) },
  noProxy: 'a Kafka broker tells its clients its own address',
}
export default kafka
